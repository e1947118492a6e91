import assert from 'node:assert/strict';
import { decodeHeaderText } from '../../src/mime/encoded-word.ts';
import { firstField, parseHeaderBlock } from '../../src/mime/header.ts';
import { scanMessage } from '../../src/mime/part-scanner.ts';
import { decodeTransfer } from '../../src/mime/transfer.ts';
import { escapeXml } from '../../src/pec/certification-data.ts';
import { parseCertificationData, readFacts } from '../../src/pec/certification-data-reader.ts';
import { rebuildGenerated } from '../../src/pec/reproduction.ts';
import { type GoldenMessage, join } from './build-case.ts';

/** What holds for every message a provider writes. @throws {assert.AssertionError} */
export function checkMessage(message: GoldenMessage): void {
  checkRebuild(message);
  checkHeader(message);
  checkStructure(message);
}

/** The log's record, after a stay in JSON, gives the same bytes again. */
function checkRebuild({ built, bytes, facts, at, enclosed }: GoldenMessage): void {
  const stored = JSON.parse(JSON.stringify({ facts, at, generated: built.generated }));
  const again = rebuildGenerated({ ...stored, ...(enclosed && { enclosed }) });
  assert.deepEqual(Buffer.concat([again.header, join(again.content)]), bytes);
  assert.equal(again.boundary, built.boundary);
  assert.deepEqual(JSON.parse(JSON.stringify(again.generated)), stored.generated);
}

function checkHeader({ built, facts }: GoldenMessage): void {
  const header = parseHeaderBlock(Buffer.concat([built.header, Buffer.from('\r\n')]));
  assert.deepEqual(header.problems, []);
  assert.ok(decodeHeaderText(firstField(header, 'Subject')?.value ?? '').endsWith(cleaned(facts.subject)));
  for (const name of ['Date', 'From', 'To', 'Message-ID', 'Subject'])
    assert.equal(header.fields.filter((field) => field.name === name).length, 1, name);
  for (const name of ['MIME-Version', 'Content-Type', 'Sender', 'Bcc'])
    assert.equal(firstField(header, name), undefined, `${name} is not ours to write`);
  for (const line of built.header.toString().split('\r\n')) assert.ok(line.length <= 998);
}

const cleaned = (text: string) => text.replace(/[\0-\x1f\x7f]/g, ' ').trim();

function checkStructure({ built, facts, enclosed }: GoldenMessage): void {
  const content = join(built.content);
  const tree = scanMessage(content);
  assert.equal(`${tree.type}/${tree.subtype}`, 'multipart/mixed');
  const kinds = tree.children.map(({ type, subtype }) => `${type}/${subtype}`);
  const isAnomaly = built.generated.kind === 'anomaly-envelope';
  const expected = ['multipart/alternative', ...(isAnomaly ? [] : ['application/xml'])];
  assert.deepEqual(kinds, enclosed === undefined ? expected : [...expected, 'message/rfc822']);
  const [texts, daticert] = tree.children;
  for (const text of texts?.children ?? []) {
    assert.equal(text.parameters.charset, 'iso-8859-1');
    const readable = decodeTransfer('quoted-printable', content.subarray(text.bodyStart, text.bodyEnd));
    assert.doesNotMatch(Buffer.from(readable).toString('latin1'), /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/);
    assert.ok(Buffer.from(readable).toString('latin1').includes(facts.identificativo));
  }
  if (!isAnomaly && daticert !== undefined) {
    const xml = decodeTransfer('base64', content.subarray(daticert.bodyStart, daticert.bodyEnd));
    const read = parseCertificationData(xml);
    assert.deepEqual(readFacts(read), { ...facts, subject: representable(facts.subject) });
  }
  if (enclosed !== undefined) {
    const last = tree.children.at(-1);
    assert.deepEqual(content.subarray(last?.bodyStart, last?.bodyEnd), join(enclosed.segments));
    const { start, end } = built.originalRange ?? { start: 0, end: 0 };
    assert.deepEqual(content.subarray(start, end), join(enclosed.segments));
  }
  if (!built.eightBit) assert.ok(content.every((byte) => byte < 0x80));
  assert.ok(!content.includes(`--${built.boundary}`), 'the outer boundary stands nowhere inside');
}

/** What XML 1.0 can hold of a text. */
const representable = (text: string) =>
  escapeXml(text)
    .replaceAll('&#13;', '\r')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
