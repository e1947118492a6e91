/** What comes from outside never throws anything unexpected, and costs time in proportion to its size. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { deflateRawSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { sliceSegments } from '../../src/lib/segments.ts';
import { parseHeaderBlock } from '../../src/mime/header.ts';
import type { MessagePart } from '../../src/mime/message-part.ts';
import { scanMessage } from '../../src/mime/part-scanner.ts';
import { defaultForbiddenExtensions, inspectContent } from '../../src/pec/attachment-rules.ts';
import { buildBriefOriginal, planBriefOriginal } from '../../src/pec/brief-original.ts';
import { PecFormatError, parseCertificationData } from '../../src/pec/certification-data-reader.ts';
import { checkFormalRules } from '../../src/pec/formal-checks.ts';
import { classifyIncoming } from '../../src/pec/incoming-classification.ts';
import { findPecParts } from '../../src/pec/pec-parts.ts';
import { buildAcceptanceReceipt } from '../../src/pec/receipts/acceptance.ts';
import { readBuilt } from '../unit/pec/read-built.ts';
import { join, values } from '../unit/pec/sample.ts';

const numRuns = Number(process.env.FUZZ_RUNS ?? 300);

/** A text with a few pieces cut out, doubled or put in. */
function mutate(source: string, pieces: readonly string[]): fc.Arbitrary<string> {
  const step = fc.record({
    at: fc.nat(source.length),
    length: fc.nat(40),
    piece: fc.constantFrom('', ...pieces),
    keep: fc.boolean(),
  });
  return fc.array(step, { minLength: 1, maxLength: 5 }).map((steps) =>
    steps.reduce((text, { at, length, piece, keep }) => {
      const end = keep ? at + length : at;
      return text.slice(0, end) + piece + text.slice(keep ? at : at + length);
    }, source),
  );
}

const xml = readBuilt(buildAcceptanceReceipt(values)).xml ?? '';
const xmlPieces = [
  '<',
  '>',
  '</',
  '/>',
  '<!--',
  '-->',
  '<![CDATA[',
  ']]>',
  '&',
  '&#x',
  '<?',
  '<!DOCTYPE',
  '"',
  '<dati>',
  '</dati>',
  '<msgid>',
  '\0',
];

test('daticert.xml: certification data or PecFormatError, whatever is done to it', () => {
  fc.assert(
    fc.property(fc.oneof(mutate(xml, xmlPieces), fc.string({ unit: 'binary' })), (text) => {
      try {
        const data = parseCertificationData(Buffer.from(text, 'utf8'));
        assert.ok(data.identificativo !== '' && data.recipients.length > 0);
      } catch (error) {
        assert.ok(error instanceof PecFormatError, String(error));
      }
    }),
    { numRuns: numRuns * 4 },
  );
});

/** Ten times the input may cost about ten times the time; a quadratic reader would need a minute for these. */
test('daticert.xml: no input is read in more than linear time', { timeout: 10_000 }, () => {
  for (const piece of [
    '<',
    '<!--',
    '<![CDATA[',
    '<!',
    '<msgid>',
    '<oggetto><!--',
    '&',
    '&#',
    '<postacert a="',
    ' ',
    '</',
  ]) {
    const text = xml.replace('Prova', piece.repeat(200_000));
    try {
      parseCertificationData(Buffer.from(text));
    } catch (error) {
      assert.ok(error instanceof PecFormatError, String(error));
    }
  }
});

const message = [
  'From: "Per conto di: a@b.it" <posta-certificata@alfa.test>',
  'To: anna@beta.test',
  'Message-ID: <pec.1@alfa.test>',
  'X-Trasporto: posta-certificata',
  'Content-Type: multipart/signed; boundary=s',
  '',
  '--s',
  'Content-Type: multipart/mixed; boundary=m',
  '',
  '--m',
  'Content-Type: text/plain; name="a.txt"',
  '',
  'x',
  '--m',
  'Content-Type: application/xml; name=daticert.xml',
  'Content-Disposition: inline; filename=daticert.xml',
  '',
  xml,
  '--m',
  'Content-Type: message/rfc822; name=postacert.eml',
  '',
  'Content-Type: multipart/mixed; boundary=i',
  '',
  '--i',
  'Content-Type: application/pdf; name=b.pdf',
  '',
  'y',
  '--i--',
  '--m--',
  '--s',
  'Content-Type: application/pkcs7-signature; name=smime.p7s',
  '',
  'z',
  '--s--',
  '',
].join('\r\n');
const mimePieces = [
  '\r\n',
  '--s',
  '--m',
  '--i',
  '--s--',
  '; name=c',
  'Content-Type: ',
  'multipart/signed; boundary=m',
  'X-Ricevuta: x\r\n',
  '\0',
  '\xff',
  ':',
];
const anyMessage = mutate(message, mimePieces).map((text) => Buffer.from(text, 'latin1'));

test('classification and formal checks answer for any message', () => {
  fc.assert(
    fc.property(anyMessage, fc.boolean(), (bytes, ok) => {
      const header = parseHeaderBlock(bytes);
      const parts = findPecParts(scanMessage(bytes));
      const data = parts?.certificationData;
      const found = classifyIncoming({
        header,
        parts,
        signature: { ok, problems: [] },
        signer: { name: 'Alfa', managedDomains: ['alfa.test'] },
        certificationData: data && bytes.subarray(data.bodyStart, data.bodyEnd),
      });
      if (!ok) assert.equal(found.kind, 'ordinary');
      if (found.kind === 'transport-envelope') assert.equal(found.data.type, 'posta-certificata');
      const limits = { recipients: 1, totalBytes: 1 };
      checkFormalRules({ header, reversePath: 'a@b.it', recipients: [], size: 1, limits });
    }),
    { numRuns: numRuns * 2 },
  );
});

/** Types of all parts, those that are files as `file`. */
function outline(part: MessagePart, starts: ReadonlySet<number>, base = part.headerStart): unknown {
  if (starts.has(part.headerStart - base)) return 'file';
  const inside = part.children.map((child) => outline(child, starts, base));
  return inside.length > 0 ? [part.subtype, ...inside] : part.subtype;
}

test('a brief original keeps every byte outside its files, and the structure', () => {
  fc.assert(
    fc.property(anyMessage, (bytes) => {
      const tree = scanMessage(bytes);
      const plan = planBriefOriginal(tree);
      const hashes = plan.ranges.map(({ start, end }) =>
        createHash('sha1')
          .update(join(sliceSegments([bytes], start, end)))
          .digest('hex'),
      );
      const brief = join(buildBriefOriginal([bytes], plan, hashes));
      let from = 0;
      let at = 0;
      for (const [index, { headerStart, start, end, header, needsLineEnd }] of plan.ranges.entries()) {
        assert.ok(from <= headerStart && headerStart <= start && start <= end, 'ranges ascend');
        const kept = bytes.subarray(from, headerStart);
        const file = Buffer.from(`${header}${hashes[index]}${needsLineEnd ? '\r\n' : ''}`, 'latin1');
        assert.deepEqual(brief.subarray(at, at + kept.length + file.length), Buffer.concat([kept, file]));
        at += kept.length + file.length;
        from = end;
      }
      assert.deepEqual(brief.subarray(at), bytes.subarray(from));
      const replaced = new Set(plan.ranges.map(({ headerStart }) => headerStart));
      const again = planBriefOriginal(scanMessage(brief));
      const replacedAgain = new Set(again.ranges.map(({ headerStart }) => headerStart));
      assert.deepEqual(outline(scanMessage(brief), replacedAgain), outline(tree, replaced));
    }),
    { numRuns: numRuns * 2 },
  );
});

/** Archives as a reader's mistakes would want them: good ones with bytes changed. */
function zipOf(name: string, content: Buffer): Buffer {
  const data = deflateRawSync(content);
  const common = Buffer.alloc(26);
  common.writeUInt16LE(8, 4);
  common.writeUInt32LE(data.length, 14);
  common.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), data]);
  const entry = Buffer.concat([Buffer.from('PK\x01\x02\x14\0'), common, Buffer.alloc(14), Buffer.from(name)]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt32LE(entry.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, entry, end]);
}

const inner = zipOf('a.exe', Buffer.from('x'));
const tar = Buffer.alloc(1536);
tar.write('b.zip');
tar.write('00000000400', 124);
tar.write('ustar', 257);
inner.copy(tar, 512);
const rar4 = Buffer.from(
  '526172211a0700cf907300000d0000000000000000740000250001000000010000000000000000000000141d3005000000000061',
  'hex',
);
const rar5 = Buffer.from('526172211a070100000000000c02000000000000010161', 'hex');
const archives = [zipOf('b.zip', inner), tar, gzipSync(tar), rar4, rar5, Buffer.from(message, 'latin1')];

test('any bytes can be inspected: a report, in bounded time', () => {
  const anyArchive = fc
    .tuple(
      fc.constantFrom(...archives),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }),
      fc.nat(40),
    )
    .map(([archive, changes, cut]) => {
      const bytes = Buffer.from(archive);
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      return bytes.subarray(0, bytes.length - (cut % bytes.length));
    });
  fc.assert(
    fc.property(fc.oneof(anyArchive, fc.uint8Array({ maxLength: 600 })), (bytes) => {
      const report = inspectContent({ name: 'x', bytes, extensions: defaultForbiddenExtensions });
      assert.ok(Array.isArray(report.forbidden));
    }),
    { numRuns: numRuns * 4 },
  );
});
