/**
 * Judging certified mail with programs that know nothing of this project: openssl for the signature, xmllint for the
 * certification data. Parts are taken from what openssl has verified, never from what only looks like it.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { makeFolder } from './folder.ts';
import { runProgram, runWell } from './run-program.ts';

const dtd = join(import.meta.dirname, '../fixtures/postacert.dtd');

export interface CertifiedMail {
  /** Of the text for people: its first part, decoded. */
  readonly text: string;
  /** daticert.xml, valid against the DTD; undefined when there is none. */
  readonly daticert: Buffer | undefined;
  /** postacert.eml, exactly. */
  readonly postacert: Buffer | undefined;
  /** The value of one node of daticert, e.g. `string(//msgid)`. */
  xpath(expression: string): Promise<string>;
}

/** Fails the test unless openssl accepts signature and chain, and xmllint the certification data. */
export async function openCertifiedMail(t: TestContext, message: Buffer, ca: string): Promise<CertifiedMail> {
  const folder = makeFolder(t);
  const file = (name: string) => join(folder, name);
  writeFileSync(file('message.eml'), message);
  await runWell('openssl', [
    ...['cms', '-verify', '-in', file('message.eml'), '-CAfile', ca],
    ...['-out', file('content'), '-signer', file('signer.pem')],
  ]);
  const parts = splitParts(readFileSync(file('content')));
  const named = (name: string) => parts.find(({ head }) => head.includes(`filename="${name}"`));
  const xml = named('daticert.xml');
  const daticert = xml && Buffer.from(xml.body.toString('latin1'), 'base64');
  if (daticert !== undefined) {
    writeFileSync(file('daticert.xml'), daticert);
    await runWell('xmllint', ['--noout', '--nonet', '--dtdvalid', dtd, file('daticert.xml')]);
  }
  const xpath = async (expression: string) =>
    (await runWell('xmllint', ['--nonet', '--xpath', expression, file('daticert.xml')]))
      .toString()
      .replace(/\n$/, '');
  return { text: readText(parts[0]), daticert, postacert: named('postacert.eml')?.body, xpath };
}

/** True when openssl finds signature and chain good. */
export async function opensslAccepts(t: TestContext, message: Buffer, ca: string): Promise<boolean> {
  const folder = makeFolder(t);
  const file = join(folder, 'message.eml');
  writeFileSync(file, message);
  const args = ['cms', '-verify', '-in', file, '-CAfile', ca, '-out', '/dev/null'];
  return (await runProgram('openssl', args)).status === 0;
}

interface Part {
  readonly head: string;
  readonly body: Buffer;
}

/** The direct parts of a multipart. */
function splitParts(entity: Buffer): Part[] {
  const text = entity.toString('latin1');
  const boundary = /boundary="?([^";\r\n]+)/i.exec(text.slice(0, text.indexOf('\r\n\r\n')))?.[1];
  assert.ok(boundary, text.slice(0, 400));
  const pieces = text.split(`\r\n--${boundary}`).slice(1, -1);
  return pieces.map((piece) => {
    const blank = piece.indexOf('\r\n\r\n');
    return { head: piece.slice(2, blank + 2), body: Buffer.from(piece.slice(blank + 4), 'latin1') };
  });
}

/** Quoted-printable Latin-1 of the plain alternative. */
function readText(part: Part | undefined): string {
  assert.ok(part);
  const [plain] = splitParts(
    Buffer.concat([Buffer.from(part.head, 'latin1'), Buffer.from('\r\n'), part.body]),
  );
  assert.ok(plain && /quoted-printable/i.test(plain.head));
  return plain.body
    .toString('latin1')
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
