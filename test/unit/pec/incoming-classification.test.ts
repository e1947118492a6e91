import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHeaderBlock } from '../../../src/mime/header.ts';
import { scanMessage } from '../../../src/mime/part-scanner.ts';
import { decodeTransfer } from '../../../src/mime/transfer.ts';
import { parseCertificationData } from '../../../src/pec/certification-data-reader.ts';
import {
  classifyIncoming,
  type IncomingMessage,
  splitRecipients,
} from '../../../src/pec/incoming-classification.ts';
import { findPecParts } from '../../../src/pec/pec-parts.ts';
import { buildAcceptanceReceipt } from '../../../src/pec/receipts/acceptance.ts';
import { buildDeliveryReceipt } from '../../../src/pec/receipts/delivery.ts';
import type { BuiltMessage } from '../../../src/pec/signed-entity.ts';
import { buildTransportEnvelope } from '../../../src/pec/transport-envelope.ts';
import { enclose, join, lines, values } from './sample.ts';

const original = enclose(lines('From: mario@alfa.test', 'To: anna@beta.test', 'Subject: Prova', '', 'testo'));
const envelope = wire(buildTransportEnvelope({ ...values, original, receiptKind: 'breve' }));
const acceptance = wire(buildAcceptanceReceipt(values));
const delivery = wire(buildDeliveryReceipt({ ...values, kind: 'sintetica', recipient: 'anna@beta.test' }));

/** As the smime room puts it on the wire; the signature itself is a verdict here. */
function wire(built: BuiltMessage): string {
  return Buffer.concat([
    built.header,
    lines('MIME-Version: 1.0', 'Content-Type: multipart/signed; boundary=S', '', '--S'),
    join(built.content),
    lines('', '--S', 'Content-Type: application/pkcs7-signature; name=smime.p7s', '', 'QUJD', '--S--'),
  ]).toString('latin1');
}

const good: Pick<IncomingMessage, 'signature' | 'signer'> = {
  signature: { ok: true, problems: [] },
  signer: { name: 'Gestore Alfa S.p.A.', managedDomains: ['Alfa.Test', 'altro.test'] },
};
const bad = { ok: false, problems: [{ italian: 'firma errata', text: 'wrong signature' }] };

function classify(message: string, changes: Partial<IncomingMessage> = {}) {
  const bytes = Buffer.from(message, 'latin1');
  const parts = findPecParts(scanMessage(bytes));
  const data = parts?.certificationData;
  return classifyIncoming({
    header: parseHeaderBlock(bytes),
    parts,
    certificationData:
      data && decodeTransfer(data.transferEncoding, bytes.subarray(data.bodyStart, data.bodyEnd)),
    ...good,
    ...changes,
  });
}

/** Kind, and what matters of it, on one line. */
function describe(message: string, changes: Partial<IncomingMessage> = {}): string {
  const found = classify(message, changes);
  switch (found.kind) {
    case 'transport-envelope':
      return `envelope ${found.receiptKind} ${found.data.identificativo} of ${found.provider}`;
    case 'notification':
      return `${found.notification} ${found.data?.identificativo ?? 'without data'} of ${found.provider}`;
    case 'malformed':
      return `malformed: ${found.reason.english}`;
    case 'ordinary':
      return `ordinary: ${found.reason.english}`;
  }
}

test('what we write ourselves is what it is', () => {
  assert.equal(describe(envelope), 'envelope breve pec.1@alfa.test of Gestore Alfa S.p.A.');
  assert.equal(describe(acceptance), 'accettazione pec.1@alfa.test of Gestore Alfa S.p.A.');
  assert.equal(describe(delivery), 'avvenuta-consegna pec.1@alfa.test of Gestore Alfa S.p.A.');
});

/** The two parts after the text in the other order. */
function reorder(message: string): string {
  const [head = '', texts = '', data = '', enclosed = '', ...rest] = message.split(/(?=--=_mixed)/);
  return [head, texts, enclosed, data, ...rest].join('');
}

const tolerated: [what: string, change: (message: string) => string][] = [
  ['names and values in other case', (m) => m.replace('X-Trasporto: posta', 'x-TRASPORTO: Posta')],
  ['the other signature type', (m) => m.replace('application/pkcs7-sig', 'application/x-pkcs7-sig')],
  ['daticert.xml without a name', (m) => m.replaceAll(/;? ?(file)?name="daticert.xml"/g, '')],
  ['daticert.xml as text/xml', (m) => m.replace('application/xml', 'text/xml')],
  ['postacert.eml without a name', (m) => m.replaceAll(/;? ?(file)?name="postacert.eml"/g, '')],
  ['names in capitals', (m) => m.replaceAll('daticert.xml', 'DATICERT.XML')],
  ['no X-TipoRicevuta', (m) => m.replace(/X-TipoRicevuta:.*\r\n/, '')],
  ['a further part of the provider', (m) => m.replace(/(\r\n--=_mixed\w+)--/, '$1\r\n\r\nnota$1--')],
  ['daticert.xml after postacert.eml', reorder],
];

for (const [what, change] of tolerated) {
  test(`an envelope with ${what} is one`, () => {
    const changed = change(envelope);
    assert.notEqual(changed, envelope);
    assert.equal(describe(changed), 'envelope breve pec.1@alfa.test of Gestore Alfa S.p.A.');
  });
}

const data = 'Content-Type: application/xml; name="daticert.xml"';

const forged: [what: string, message: string, expected: RegExp][] = [
  ['X-Ricevuta beside X-Trasporto', `X-Ricevuta: accettazione\r\n${envelope}`, /^malformed: .*does not say/],
  ['no PEC field', envelope.replace(/X-Trasporto:.*\r\n/, ''), /^malformed: .*does not say/],
  [
    'an anomaly envelope',
    envelope.replace('X-Trasporto: posta-certificata', 'X-Trasporto: errore'),
    /^malformed/,
  ],
  ['two X-Trasporto', `X-Trasporto: posta-certificata\r\n${envelope}`, /^malformed: .*more than once/],
  ['two Message-IDs', `Message-ID: <x@y.it>\r\n${envelope}`, /^malformed: .*more than once/],
  [
    'an acceptance that says it is a delivery',
    acceptance.replace('X-Ricevuta: accettazione', 'X-Ricevuta: avvenuta-consegna'),
    /^malformed: .*does not match/,
  ],
  [
    'a receipt that says it is an envelope',
    acceptance.replace('X-Ricevuta: accettazione', 'X-Trasporto: posta-certificata'),
    /^malformed: .*does not match/,
  ],
  [
    'an envelope that says it is a receipt',
    envelope.replace('X-Trasporto: posta-certificata', 'X-Ricevuta: accettazione'),
    /^malformed: .*does not match/,
  ],
  [
    'an envelope that says it is an unknown notification',
    envelope.replace('X-Trasporto: posta-certificata', 'X-Ricevuta: boh'),
    /^malformed: .*does not match/,
  ],
  [
    'an envelope under another Message-ID',
    envelope.replace('Message-ID: <pec.1@', 'Message-ID: <pec.2@'),
    /^malformed: .*does not match/,
  ],
  ['no daticert.xml', envelope.replaceAll('daticert.xml', 'altro.xml'), /^malformed: .*certification data/],
  [
    'a daticert.xml of another type',
    envelope.replace('application/xml', 'text/plain'),
    /^malformed: .*certification data/,
  ],
  [
    'a broken daticert.xml',
    envelope.replace(/(?<=daticert\.xml"\r\n\r\n)\w/, '!'),
    /^malformed: .*certification data/,
  ],
  [
    'two daticert.xml',
    envelope.replace(/(\r\n--=_mixed\w+)(?=\r\nContent-Type: application\/xml)/, `$1\r\n${data}\r\n\r\nx$1`),
    /^malformed: .*more than once/,
  ],
  ['no postacert.eml', envelope.replace('message/rfc822', 'text/plain'), /^malformed: .*postacert/],
  [
    'a second From',
    `From: posta-certificata@alfa.test\r\n${envelope}`,
    /^ordinary: .*domain of the provider/,
  ],
  [
    'two addresses in From',
    envelope.replace('<posta-certificata@alfa.test>', '<posta-certificata@alfa.test>, x@y.it'),
    /^ordinary: .*domain of the provider/,
  ],
  [
    'a From of a domain the signer does not manage',
    envelope.replace('<posta-certificata@alfa.test>', '<posta-certificata@beta.test>'),
    /^ordinary: .*domain of the provider/,
  ],
  [
    'a third part in the signed multipart',
    envelope.replace('--S--', '--S\r\n\r\nx\r\n--S--'),
    /^malformed: .*structure/,
  ],
  [
    'the envelope inside another multipart',
    `From: posta-certificata@alfa.test\r\nX-Trasporto: posta-certificata\r\nContent-Type: multipart/mixed; boundary=O\r\n\r\n--O\r\n${envelope.slice(envelope.indexOf('MIME-Version'))}\r\n--O--\r\n`,
    /^malformed: .*structure/,
  ],
];

for (const [what, message, expected] of forged) {
  test(`never certified: ${what}`, () => {
    assert.match(describe(message), expected);
  });
}

test('without a good signature, or a signer in the index, all is ordinary mail', () => {
  assert.equal(describe(envelope, { signature: bad }), 'ordinary: wrong signature');
  assert.match(describe(envelope, { signer: undefined }), /^ordinary: .*not in the index/);
  const plain = 'From: a@b.it\r\n\r\ntesto';
  assert.match(describe(plain, { signature: bad, signer: undefined }), /^ordinary: .*not signed by/);
  assert.equal(classify(plain, { signature: bad }).kind, 'ordinary');
});

test('an unknown notification is one, and certifies nothing', () => {
  const unknown = acceptance.replace('X-Ricevuta: accettazione', 'X-Ricevuta: Mancata-Consegna');
  assert.equal(describe(unknown), 'mancata-consegna without data of Gestore Alfa S.p.A.');
  const bare = unknown.replaceAll('daticert.xml', 'altro.xml');
  assert.equal(describe(bare), 'mancata-consegna without data of Gestore Alfa S.p.A.');
});

test('a daticert.xml that a user attached never counts', () => {
  const inner = lines(
    'From: mario@alfa.test',
    'Content-Type: multipart/mixed; boundary=u',
    '',
    '--u',
    'Content-Type: application/xml; name=daticert.xml',
    '',
    '<postacert tipo="avvenuta-consegna"/>',
    '--u--',
  );
  const carrier = wire(
    buildTransportEnvelope({ ...values, original: enclose(inner), receiptKind: 'completa' }),
  );
  assert.match(describe(carrier), /^envelope completa/);
});

test('an envelope is for the certified recipients it names', () => {
  const bytes = Buffer.from(envelope, 'latin1');
  const part = findPecParts(scanMessage(bytes))?.certificationData;
  const xml = decodeTransfer('base64', bytes.subarray(part?.bodyStart, part?.bodyEnd));
  const paths = ['ANNA@beta.test', 'luigi@example.com', 'altri@beta.test'];
  assert.deepEqual(splitRecipients(parseCertificationData(xml), paths), {
    certified: ['ANNA@beta.test'],
    foreign: ['luigi@example.com', 'altri@beta.test'],
  });
});
