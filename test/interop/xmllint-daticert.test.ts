/** Every daticert.xml of the golden cases, as libxml2 sees it: well-formed, valid, and its texts what they were. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { scanMessage } from '../../src/mime/part-scanner.ts';
import { decodeTransfer } from '../../src/mime/transfer.ts';
import { buildCertificationData } from '../../src/pec/certification-data.ts';
import { parseCertificationData } from '../../src/pec/certification-data-reader.ts';
import { makeFolder } from '../support/folder.ts';

const root = join(import.meta.dirname, '..');
const dtd = join(root, 'fixtures/postacert.dtd');
const messages = globSync('golden/*/expected/*.eml', { cwd: root }).sort();

function xmllint(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('xmllint', args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout;
}

/** The decoded file of a message that is written without its signature. */
function readDaticert(file: string): Uint8Array | undefined {
  const bytes = readFileSync(join(root, file));
  const part = scanMessage(bytes).children.find(({ parameters }) => parameters.name === 'daticert.xml');
  return part && decodeTransfer(part.transferEncoding, bytes.subarray(part.bodyStart, part.bodyEnd));
}

test('each is valid against the DTD of RFC 6109 §4.4', (t) => {
  const folder = makeFolder(t);
  const files = messages.flatMap((message, index) => {
    const xml = readDaticert(message);
    if (xml === undefined) return [];
    const file = join(folder, `${index}.xml`);
    writeFileSync(file, xml);
    return [file];
  });
  assert.ok(files.length > 30);
  xmllint('--noout', '--nonet', '--dtdvalid', dtd, ...files);
});

test('a hostile subject is read by libxml2 as it is read by us', (t) => {
  const subject = ']]> <b> & "q" \'a\' \u{1f600} \u202e \r\n\t è';
  const [first = ''] = messages;
  const data = parseCertificationData(readDaticert(first) ?? new Uint8Array());
  const file = join(makeFolder(t), 'hostile.xml');
  writeFileSync(file, buildCertificationData({ ...data, subject }));
  xmllint('--noout', '--dtdvalid', dtd, file);
  assert.equal(xmllint('--xpath', 'string(//oggetto)', file).replace(/\n$/, ''), subject);
});
