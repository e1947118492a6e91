import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { createPemSigner } from '../../../src/keys/pem.ts';
import { decodePem } from '../../../src/lib/pem.ts';
import type { Segments } from '../../../src/lib/segments.ts';
import { buildAnomalyEnvelope } from '../../../src/pec/anomaly-envelope.ts';
import { buildAcceptanceReceipt } from '../../../src/pec/receipts/acceptance.ts';
import { buildDeliveryReceipt } from '../../../src/pec/receipts/delivery.ts';
import { buildVirusNonAcceptanceNotice } from '../../../src/pec/receipts/non-acceptance.ts';
import { buildTakeInChargeReceipt } from '../../../src/pec/receipts/take-in-charge.ts';
import { buildTimeoutNotice } from '../../../src/pec/receipts/timeout.ts';
import { buildVirusDetectionNotice, buildVirusNonDeliveryNotice } from '../../../src/pec/receipts/virus.ts';
import type { BuiltMessage } from '../../../src/pec/signed-entity.ts';
import { buildTransportEnvelope } from '../../../src/pec/transport-envelope.ts';
import {
  describeMessage,
  type MessageReport,
  type ReportRequest,
} from '../../../src/points/message-report.ts';
import { formatReport } from '../../../src/points/message-report-text.ts';
import { createIndex } from '../../../src/provider-index/index-from-records.ts';
import { signMessage } from '../../../src/smime/sign.ts';
import { archivePolicy, parseTrust } from '../../../src/smime/trust.ts';
import { at, enclose, lines, values } from '../pec/sample.ts';
import { authority, otherProvider, provider } from '../pki/authority.ts';
import { alfa, beta } from '../provider-index/providers.ts';

const index = createIndex([
  alfa,
  { ...beta, certificates: [], certificateHashes: beta.certificateHashes.slice(0, 1) },
]);
const trust = parseTrust({ anchors: decodePem('CERTIFICATE', authority.root.certificatePem) });
const original = enclose(
  lines(
    'From: mario@alfa.test',
    'To: anna@beta.test, luigi@example.com',
    'Subject: Prova',
    'Message-ID: <pec.1@alfa.test>',
    'X-Riferimento-Message-ID: <client@pc>',
    '',
    'Buongiorno',
  ),
);

async function seal(built: BuiltMessage, by = provider): Promise<Buffer> {
  const contentDigest = createHash('sha256').update(join(built.content)).digest();
  const { segments } = await signMessage(built, {
    contentDigest,
    signingTime: at,
    signer: createPemSigner(by),
  });
  return join(segments);
}

function join(segments: Segments): Buffer {
  return Buffer.concat(segments.map((each) => (each instanceof Uint8Array ? each : assert.fail('a blob'))));
}

function report(message: Uint8Array, more: Partial<ReportRequest> = {}): MessageReport {
  return describeMessage({ message, trust, policy: archivePolicy, now: at, index, ...more });
}

const replace = (message: Buffer, from: string | RegExp, to: string) =>
  Buffer.from(message.toString('latin1').replace(from, to), 'latin1');
const envelope = await seal(buildTransportEnvelope({ ...values, original, receiptKind: 'breve' }));

describe('describeMessage tells each kind, certified', () => {
  const recipient = 'anna@beta.test';
  const kinds: Record<string, BuiltMessage> = {
    'transport-envelope': buildTransportEnvelope({ ...values, original, receiptKind: 'completa' }),
    'acceptance-receipt': buildAcceptanceReceipt(values),
    'virus-non-acceptance-notice': buildVirusNonAcceptanceNotice({ ...values, virus: 'Eicar' }),
    'take-in-charge-receipt': buildTakeInChargeReceipt({
      ...values,
      takenInCharge: [recipient],
      to: 'x@beta.test',
    }),
    'delivery-receipt': buildDeliveryReceipt({ ...values, kind: 'sintetica', recipient }),
    'timeout-notice': buildTimeoutNotice({ ...values, hours: 12, recipient }),
    'final-timeout-notice': buildTimeoutNotice({ ...values, hours: 24, recipient }),
    'virus-detection-notice': buildVirusDetectionNotice({
      ...values,
      recipient,
      virus: 'Eicar',
      to: 'x@beta.test',
    }),
    'virus-non-delivery-notice': buildVirusNonDeliveryNotice({ ...values, recipient, virus: 'Eicar' }),
    'anomaly-envelope': buildAnomalyEnvelope({
      ...values,
      received: original,
      reason: { italian: 'firma assente', english: 'no signature' },
    }),
  };
  for (const [code, built] of Object.entries(kinds))
    it(code, async () => {
      const found = report(await seal(built));
      assert.equal(found.kind.code, code);
      assert.deepEqual([found.conclusion, found.objections, found.signature.problems], ['certified', [], []]);
      assert.equal(found.signature.provider, alfa.name);
      assert.equal(
        found.certificationData?.identificativo,
        code === 'anomaly-envelope' ? undefined : 'pec.1@alfa.test',
      );
    });

  it('and what receipt an envelope asks for', () => {
    assert.equal(report(envelope).kind.receiptKind, 'breve');
  });
});

describe('describeMessage is not deceived', () => {
  const objectionsOf = ({ objections }: MessageReport) => objections.map(({ english }) => english).join('; ');

  it('by altered content', () => {
    const found = report(replace(envelope, 'Buongiorno', 'Buonasera!'));
    assert.equal(found.conclusion, 'invalid');
    assert.deepEqual(
      found.signature.problems.map(({ code }) => code),
      ['digest-wrong'],
    );
  });

  it('by header fields that are not signed', () => {
    const cases: [string | RegExp, string, RegExp][] = [
      [
        'X-Riferimento-Message-ID: <client@pc>',
        'X-Riferimento-Message-ID: <other@pc>',
        /reference in the header/,
      ],
      [/^Message-ID: <pec\.1@/m, 'Message-ID: <pec.2@', /does not match/],
      ['X-Trasporto: posta-certificata', 'X-Ricevuta: avvenuta-consegna', /does not match/],
      ['X-Trasporto: posta-certificata\r\n', '', /does not say/],
      ['X-Trasporto', 'From: x@y.test\r\nX-Trasporto', /does not belong/],
    ];
    for (const [from, to, reason] of cases) {
      const found = report(replace(envelope, from, to));
      assert.equal(found.conclusion, 'invalid', String(reason));
      assert.match(objectionsOf(found), reason);
    }
  });

  it('by a receipt sent on to somebody else', async () => {
    const receipt = await seal(buildAcceptanceReceipt(values));
    const found = report(replace(receipt, /^To: .*$/m, 'To: luigi@alfa.test\r'));
    assert.match(objectionsOf(found), /certified sender is mario@alfa\.test/);
  });

  it('by a provider that signs for another', async () => {
    const found = report(await seal(buildAcceptanceReceipt(values), otherProvider));
    assert.equal(found.conclusion, 'invalid');
    assert.deepEqual(
      found.signature.problems.map(({ code }) => code),
      ['address-mismatch'],
    );
    assert.match(objectionsOf(found), /does not belong to a domain of the provider/);
  });

  it('by a signer that is in no index', () => {
    const found = report(envelope, { index: createIndex([]) });
    assert.equal(found.conclusion, 'invalid');
    assert.match(objectionsOf(found), /not in the index/);
  });

  it('by words without a signature', () => {
    const bare = replace(envelope, /multipart\/signed; protocol="[^"]*"; micalg=sha-256/, 'multipart/mixed');
    const found = report(bare);
    assert.equal(found.conclusion, 'invalid');
    assert.equal(found.signature.state, 'absent');
    assert.equal(found.kind.code, 'transport-envelope');
  });

  it('by certification data of another time than the signature', async () => {
    const late = await seal(buildAcceptanceReceipt({ ...values, at: at - 3_600_000 }));
    assert.match(objectionsOf(report(late)), /is not the time of signing/);
  });
});

describe('describeMessage reads', () => {
  it('a message without an index to ask, and says that the provider is not proved', () => {
    const found = report(envelope, { index: undefined });
    assert.equal(found.conclusion, 'unproved');
    assert.equal(found.signature.provider, undefined);
  });

  it('files with LF or an mbox line, and says so', () => {
    const text = envelope.toString('latin1');
    const found = report(Buffer.from(`From x@y Sat Nov 21\n${text.replaceAll('\r\n', '\n')}`, 'latin1'));
    assert.equal(found.conclusion, 'certified');
    assert.equal(found.notes.length, 2);
  });

  it('ordinary mail, and bytes that are no mail', () => {
    for (const text of ['', 'x', 'Subject: a\r\n\r\nb', '\0\xff\xfe', 'From \n'])
      assert.equal(report(Buffer.from(text, 'latin1')).conclusion, 'ordinary');
  });
});

describe('formatReport', () => {
  it('says it in Italian', () => {
    const text = formatReport(report(envelope)).join('\n');
    assert.match(text, /^MESSAGGIO DI POSTA CERTIFICATA VALIDO/);
    assert.match(text, /Tipo: busta di trasporto/);
    assert.match(text, /Data della firma: 21\/11\/2026 10:11:12 \(\+0100\)/);
    assert.match(text, /Destinatario: luigi@example\.com \(posta ordinaria\)/);
    assert.match(
      formatReport(report(envelope, { index: undefined })).join('\n'),
      /^FIRMA VALIDA, GESTORE NON/,
    );
    const altered = formatReport(report(replace(envelope, 'Buongiorno', 'Buonasera!'))).join('\n');
    assert.match(altered, /NON VALIDO[\s\S]*il contenuto è stato alterato[\s\S]*non provati/);
  });

  it('lets no control character of a message through', async () => {
    const facts = { ...values.facts, subject: 'a\u001b[2J\u202eb\u2028c' };
    const found = report(await seal(buildAcceptanceReceipt({ ...values, facts })));
    assert.ok(formatReport(found).every((line) => !/[\p{Cc}\p{Cf}\p{Zl}]/u.test(line)));
  });

  it('goes through JSON unchanged', () => {
    const found = report(envelope);
    const plain = JSON.parse(JSON.stringify(found));
    assert.equal(plain.conclusion, 'certified');
    assert.equal(plain.signature.signedAt, '2026-11-21T09:11:12.000Z');
  });
});
