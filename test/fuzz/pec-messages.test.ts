/**
 * No value that comes from outside changes the shape of a message: subjects, names, identifiers and virus names
 * of any characters give the same fields, the same parts, the same elements; and any header of an original is
 * inherited without a new line in it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sizeOf } from '../../src/lib/segments.ts';
import { parseHeaderBlock } from '../../src/mime/header.ts';
import { scanMessage } from '../../src/mime/part-scanner.ts';
import { buildAnomalyEnvelope } from '../../src/pec/anomaly-envelope.ts';
import { parseCertificationData, readFacts } from '../../src/pec/certification-data-reader.ts';
import type { BuildValues } from '../../src/pec/facts.ts';
import { rewriteOriginalHead } from '../../src/pec/original-message.ts';
import { buildAcceptanceReceipt } from '../../src/pec/receipts/acceptance.ts';
import { buildDeliveryReceipt } from '../../src/pec/receipts/delivery.ts';
import { buildNonAcceptanceNotice } from '../../src/pec/receipts/non-acceptance.ts';
import { buildNonDeliveryNotice } from '../../src/pec/receipts/non-delivery.ts';
import { buildTakeInChargeReceipt } from '../../src/pec/receipts/take-in-charge.ts';
import { buildVirusDetectionNotice } from '../../src/pec/receipts/virus.ts';
import { rebuildGenerated } from '../../src/pec/reproduction.ts';
import type { BuiltMessage } from '../../src/pec/signed-entity.ts';
import { buildTransportEnvelope, type EnclosedMessage } from '../../src/pec/transport-envelope.ts';
import { readBuilt } from '../unit/pec/read-built.ts';
import { alfa, at, enclose, join, lines } from '../unit/pec/sample.ts';

const numRuns = Number(process.env.FUZZ_RUNS ?? 150);

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.stringMatching(/^[\r\n\t :;<>"'=?&\]()@,.\0{}a-z-]{0,80}$/),
  fc.constantFrom(
    'x\r\nX-Ricevuta: avvenuta-consegna\r\n\r\n--',
    'x\r\n .\r\n',
    '=?utf-8?Q?=0D=0AX-A:_b?=',
    'a'.repeat(3000),
    'è'.repeat(3000),
    '</oggetto></intestazione>]]>',
  ),
);

const anyValues = fc
  .record({
    msgid: fc.option(anyText, { nil: undefined }),
    sender: anyText,
    recipients: fc.array(fc.record({ address: anyText, certified: fc.boolean() }), {
      minLength: 1,
      maxLength: 5,
    }),
    replyTo: anyText,
    subject: anyText,
  })
  .map(
    (facts): BuildValues => ({ provider: alfa, at, facts: { identificativo: 'pec.1@alfa.test', ...facts } }),
  );

const original = enclose(lines('From: a@alfa.test', 'To: b@beta.test', '', 'x'));

interface Build {
  readonly name: string;
  readonly build: (values: BuildValues, text: string) => BuiltMessage;
  readonly fields: readonly string[];
  readonly enclosed?: EnclosedMessage;
}

const notification = ['Date', 'From', 'To', 'Message-ID', 'Subject', 'X-Ricevuta'];
const envelope = ['Date', 'From', 'Reply-To', 'To', 'Message-ID', 'Subject', 'X-Trasporto'];

const builds: Build[] = [
  { name: 'acceptance', build: (values) => buildAcceptanceReceipt(values), fields: notification },
  {
    name: 'non-acceptance',
    build: (values, text) =>
      buildNonAcceptanceNotice({ ...values, reasons: [{ status: '5.6.0', italian: text, english: text }] }),
    fields: notification,
  },
  {
    name: 'non-delivery',
    build: (values, text) =>
      buildNonDeliveryNotice({
        ...values,
        recipient: text,
        failure: { error: 'altro', status: '5.0.0', text: { italian: text, english: text } },
      }),
    fields: notification,
  },
  {
    name: 'take in charge',
    build: (values, text) => buildTakeInChargeReceipt({ ...values, takenInCharge: [text], to: text }),
    fields: notification,
  },
  {
    name: 'virus detection',
    build: (values, text) => buildVirusDetectionNotice({ ...values, recipient: text, virus: text, to: text }),
    fields: [...notification, 'X-Mittente'],
  },
  {
    name: 'delivery',
    build: (values, text) =>
      buildDeliveryReceipt({ ...values, kind: 'completa', recipient: text, original: original.segments }),
    fields: notification,
    enclosed: original,
  },
  {
    name: 'transport envelope',
    build: (values) => buildTransportEnvelope({ ...values, original, receiptKind: 'completa' }),
    fields: [...envelope, 'X-TipoRicevuta'],
    enclosed: original,
  },
];

for (const { name, build, fields, enclosed } of builds) {
  test(`${name}: no value adds a field, a part or an element, or is lost`, () => {
    fc.assert(
      fc.property(anyValues, anyText, (values, text) => {
        const built = build(values, text);
        const read = readBuilt(built);
        const wanted = values.facts.msgid === undefined ? fields : [...fields, 'X-Riferimento-Message-ID'];
        assert.deepEqual(read.names, wanted);
        assert.match(Buffer.from(built.header).toString('latin1'), /^(?:[\x20-\x7e\t]{1,998}\r\n)+$/);
        assert.equal(scanMessage(join(built.content)).children.length, enclosed === undefined ? 2 : 3);
        assert.match(read.plain, /^[\x20-\x7e\xa0-\xff\r\n]*$/);
        assert.match(read.html, /^[\x20-\x7e\r\n]*$/);
        assert.equal(read.plain.split(/^Identificativo messaggio: /m).length, 2);
        const { subject, sender } = readFacts(parseCertificationData(Buffer.from(read.xml ?? '')));
        assert.equal(subject, representable(values.facts.subject));
        assert.equal(sender, representable(values.facts.sender).trim());
        const again = rebuildGenerated({
          ...JSON.parse(JSON.stringify({ facts: values.facts, at, generated: built.generated })),
          ...(enclosed && { enclosed }),
        });
        assert.deepEqual(join(again.content), join(built.content));
        assert.deepEqual(again.header, built.header);
      }),
      { numRuns },
    );
  });
}

const representable = (text: string) =>
  text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '');

/** Header blocks as hostile clients write them: bytes of any value, bare line ends, broken folds. */
const anyHeader = fc
  .array(
    fc.tuple(
      fc.constantFrom(
        'To',
        'cc',
        'RECEIVED',
        'Return-Path',
        'Reply-To',
        'Message-ID',
        'Subject',
        'X-Ricevuta',
      ),
      fc.constantFrom(':', ': ', ' : ', ':\r\n ', ''),
      fc.oneof(
        fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
        fc.stringMatching(/^[\r\n\t a-z:<>@,"]{0,40}$/),
      ),
      fc.constantFrom('\r\n', '\n', '\r\n\t\r\n'),
    ),
    { maxLength: 8 },
  )
  .map((fields) => Buffer.from(`${fields.flat().join('')}\r\nbody\r\n`, 'latin1'));

const inheritable = ['return-path', 'received', 'reply-to', 'to', 'cc', 'message-id'];
const own = ['date', 'from', 'subject', 'x-trasporto', 'x-tiporicevuta', 'x-riferimento-message-id'];

test('envelopes inherit any header without a new field or a bare line end', () => {
  fc.assert(
    fc.property(anyHeader, (source) => {
      const message = enclose(source);
      const values = { provider: alfa, at, facts: { ...exact, msgid: undefined } };
      for (const built of [
        buildTransportEnvelope({ ...values, original: message, receiptKind: 'completa' }),
        buildAnomalyEnvelope({ ...values, received: message, reason: { italian: 'a', english: 'b' } }),
      ]) {
        const text = Buffer.from(built.header).toString('latin1');
        assert.doesNotMatch(text, /\r(?!\n)|(?<!\r)\n|\r\n\r\n/);
        const { fields } = parseHeaderBlock(Buffer.concat([built.header, Buffer.from('\r\n')]));
        for (const { lowerName } of fields)
          assert.ok([...inheritable, ...own].includes(lowerName), lowerName);
        for (const name of own.slice(0, 4))
          assert.equal(fields.filter(({ lowerName }) => lowerName === name).length, 1, name);
        const { start, end } = built.originalRange ?? { start: 0, end: 0 };
        assert.deepEqual(join(built.content).subarray(start, end), source);
        assert.equal(end - start, sizeOf(message.segments));
      }
    }),
    { numRuns },
  );
});

const exact = {
  identificativo: 'pec.1@alfa.test',
  sender: 'mario@alfa.test',
  recipients: [{ address: 'anna@beta.test', certified: true }],
  replyTo: 'mario@alfa.test',
  subject: 'x',
};

test('rewriting the identifiers leaves every other field as it was', () => {
  fc.assert(
    fc.property(anyHeader, (source) => {
      const head = source.subarray(0, parseHeaderBlock(source).bodyStart);
      const before = parseHeaderBlock(head);
      const { head: rewritten, msgid } = rewriteOriginalHead(head, 'pec.1@alfa.test');
      const after = parseHeaderBlock(rewritten);
      const isOther = ({ lowerName }: { lowerName: string }) => lowerName !== 'message-id';
      const hadId = !before.fields.every(isOther);
      const added = (msgid === undefined ? 0 : 1) + (hadId ? 0 : 1);
      assert.equal(after.fields.length, before.fields.length + added);
      const kept = after.fields.slice(0, before.fields.length);
      const raw = (bytes: Uint8Array, { start, end }: { start: number; end: number }) =>
        Buffer.from(bytes.subarray(start, end))
          .toString('latin1')
          .replace(/\r?\n$/, '');
      for (const [index, field] of before.fields.entries()) {
        const now = kept[index];
        assert.ok(now !== undefined);
        if (isOther(field)) assert.equal(raw(rewritten, now), raw(head, field));
        else assert.equal(raw(rewritten, now), `${field.name}: <pec.1@alfa.test>`);
      }
      assert.equal(after.bodyStart, rewritten.length);
    }),
    { numRuns: numRuns * 4 },
  );
});
