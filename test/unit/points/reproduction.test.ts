import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { collectSegments } from '../../../src/blob/read-segments.ts';
import { createPemSigner } from '../../../src/keys/pem.ts';
import { decodePem } from '../../../src/lib/pem.ts';
import { sizeOf } from '../../../src/lib/segments.ts';
import { scanMessage } from '../../../src/mime/part-scanner.ts';
import { decodeTransfer, encodeBase64Lines } from '../../../src/mime/transfer.ts';
import type { GeneratedMessage } from '../../../src/pec/generated.ts';
import { rebuildGenerated } from '../../../src/pec/reproduction.ts';
import { issueProviderCertificate } from '../../../src/pki/issue.ts';
import { wireKindOf } from '../../../src/points/issued-kinds.ts';
import {
  listIssued,
  type ReceiptRequest,
  ReproductionFailure,
  type ReproductionParts,
  reproduceReceipt,
} from '../../../src/points/reproduction.ts';
import { findChain, keepChain, nameCertificate } from '../../../src/points/signing-chains.ts';
import { livePolicy, parseTrust } from '../../../src/smime/trust.ts';
import { verifySignedMessage } from '../../../src/smime/verify.ts';
import { type IssuedBytes, issueEveryKind, readIssued } from '../../support/issued-receipts.ts';
import {
  deliverDue,
  openPoints,
  readLog,
  submit,
  type TestPoints,
  workday,
} from '../../support/point-parts.ts';
import { authority, issuedAt } from '../pki/authority.ts';

const renewed = createPemSigner(
  await issueProviderCertificate(authority, {
    providerName: 'Gestore Alfa S.p.A.',
    domain: 'alfa.test',
    at: issuedAt,
  }),
);

/** As the command has them, with the key of today. */
function partsOf(points: TestPoints): ReproductionParts {
  return { ...points.parts, signer: () => renewed, prove: async () => undefined };
}

async function reproduce(points: TestPoints, request: Omit<ReceiptRequest, 'requestedBy'>) {
  const parts = partsOf(points);
  const done = await reproduceReceipt(parts, { ...request, requestedBy: 'mario@alfa.test' });
  const bytes = await collectSegments(points.blobs, done.segments, sizeOf(done.segments));
  return { ...done, text: Buffer.from(bytes).toString('latin1') };
}

function requestFor({ facts, generated }: IssuedBytes): Omit<ReceiptRequest, 'requestedBy'> {
  const kind = wireKindOf(generated.kind);
  assert.ok(kind !== undefined);
  return { identificativo: facts.identificativo, kind, messageId: generated.messageId };
}

async function findIssued(points: TestPoints, matches: (one: IssuedBytes) => boolean): Promise<IssuedBytes> {
  const found = (await readIssued(points)).find(matches);
  assert.ok(found !== undefined);
  return found;
}

async function refuses(
  points: TestPoints,
  request: Omit<ReceiptRequest, 'requestedBy'>,
): Promise<ReproductionFailure> {
  const entries = (await readLog(points)).length;
  const failure = await reproduce(points, request).then(
    () => 'it was written',
    (error: unknown) => error,
  );
  assert.ok(failure instanceof ReproductionFailure, String(failure));
  assert.equal((await readLog(points)).length, entries, 'nothing was written, so nothing is logged');
  return failure;
}

it('writes every kind again, byte for byte, with no key at all', async (t) => {
  const points = await issueEveryKind(t);
  const issued = await readIssued(points);
  const kinds = new Set(issued.map(({ generated }) => generated.kind));
  assert.deepEqual([...kinds].sort(), [
    'acceptance-receipt',
    'delivery-receipt',
    'non-acceptance-notice',
    'non-delivery-notice',
    'take-in-charge-receipt',
    'timeout-notice',
    'transport-envelope',
    'virus-detection-notice',
    'virus-non-acceptance-notice',
    'virus-non-delivery-notice',
  ]);
  const forms = issued.flatMap(({ generated }) =>
    generated.kind === 'delivery-receipt' ? [`${generated.receiptKind} ${generated.salt !== undefined}`] : [],
  );
  assert.deepEqual(forms.sort(), ['breve false', 'completa false', 'completa true', 'sintetica false']);
  for (const one of issued) {
    const { text, form } = await reproduce(points, requestFor(one));
    assert.equal(text, one.bytes, one.generated.kind);
    assert.equal(form, 'exact');
  }
  const chain = await points.db.read((tx) => findChain(tx, nameCertificate(renewed)));
  assert.equal(chain, undefined, 'the new key had nothing to do with it');
});

describe('of what was issued', () => {
  it('logs who asked for what', async (t) => {
    const points = await issueEveryKind(t);
    const one = await findIssued(points, ({ generated }) => generated.kind === 'acceptance-receipt');
    await reproduce(points, requestFor(one));
    const last = (await readLog(points)).at(-1);
    assert.ok(last?.type === 'reproduced');
    assert.deepEqual(
      [last.messageId, last.requestedBy, last.facts.identificativo, last.generated],
      [one.generated.messageId, 'mario@alfa.test', one.facts.identificativo, []],
    );
  });

  it('asks which when there are several, and takes the recipient or the Message-ID', async (t) => {
    const points = await openPoints(t);
    await points.db.transact((tx) => keepChain(tx, points.parts.signer, points.clock()));
    await submit(points, { to: ['anna@alfa.test', 'mario@alfa.test'] });
    await deliverDue(points);
    const identificativo = (await readLog(points))[0]?.facts.identificativo ?? '';
    const kind = 'avvenuta-consegna';
    const several = await refuses(points, { identificativo, kind });
    assert.equal(several.reason, 'several');
    assert.deepEqual(several.candidates.flatMap(({ recipients }) => recipients).sort(), [
      'anna@alfa.test',
      'mario@alfa.test',
    ]);
    const { text, messageId } = await reproduce(points, {
      identificativo,
      kind,
      recipient: 'ANNA@alfa.test',
    });
    assert.match(text, /indirizzato a "anna@alfa\.test"/);
    const again = await reproduce(points, { identificativo: `<${identificativo}>`, kind, messageId });
    assert.equal(again.text, text);
    const offered = await points.db.read((tx) => listIssued(tx, identificativo));
    assert.deepEqual(offered.map((one) => one.kind).sort(), [
      'accettazione',
      'avvenuta-consegna',
      'avvenuta-consegna',
      'posta-certificata',
    ]);
  });

  it('says what there is when there is none of that kind, or no such message', async (t) => {
    const points = await openPoints(t);
    await submit(points, { to: ['anna@alfa.test'] });
    const identificativo = (await readLog(points))[0]?.facts.identificativo ?? '';
    assert.equal((await refuses(points, { identificativo, kind: 'rilevazione-virus' })).reason, 'none');
    const elsewhere = { identificativo, kind: 'accettazione', recipient: 'ignoto@alfa.test' } as const;
    const none = await refuses(points, elsewhere);
    assert.deepEqual([none.reason, none.candidates.length], ['none', 1]);
    const unknown = await refuses(points, { identificativo: 'pec.0@alfa.test', kind: 'accettazione' });
    assert.equal(unknown.reason, 'unknown');
  });

  it('does not write what the signature does not hold for', async (t) => {
    const points = await issueEveryKind(t);
    const complete = await findIssued(
      points,
      ({ generated }) => generated.kind === 'delivery-receipt' && generated.receiptKind === 'completa',
    );
    // Another message's bytes where the original was.
    await points.db.transact((tx) =>
      tx.run(
        `UPDATE pec_message SET original_start = original_start + 1 WHERE identificativo = ?`,
        complete.facts.identificativo,
      ),
    );
    assert.equal((await refuses(points, requestFor(complete))).reason, 'altered');
  });

  it('does not write what it has no certificate for', async (t) => {
    const points = await openPoints(t);
    await submit(points, { to: ['anna@alfa.test'] });
    const identificativo = (await readLog(points))[0]?.facts.identificativo ?? '';
    assert.equal((await refuses(points, { identificativo, kind: 'accettazione' })).reason, 'unsigned');
  });
});

describe('of a receipt whose original is gone', () => {
  const isComplete = ({ generated }: IssuedBytes) =>
    generated.kind === 'delivery-receipt' && generated.receiptKind === 'completa';

  it('gives a duplicate that the provider attests, with what the log says', async (t) => {
    const points = await issueEveryKind(t);
    const complete = await findIssued(points, isComplete);
    await letGo(points);
    const { text, form, messageId } = await reproduce(points, requestFor(complete));
    assert.equal(form, 'attested');
    assert.doesNotMatch(text, /X-Ricevuta|daticert\.xml|X-Trasporto/, 'no program takes it for a receipt');
    assert.match(text, /^X-Duplicato-Attestato: avvenuta-consegna\r$/m);
    assert.match(text, /^Subject: DUPLICATO ATTESTATO: Prova\r$/m);
    const entry = readPart(text, 'registrazione.json');
    assert.partialDeepStrictEqual(JSON.parse(entry), {
      facts: complete.facts,
      receipt: complete.generated,
    });
    const certification = readPart(text, 'dati-di-certificazione.xml');
    assert.match(certification, /<postacert tipo="avvenuta-consegna" errore="nessuno">/);
    assert.ok(
      complete.bytes.includes(encodeBase64Lines(Buffer.from(certification))),
      'as the receipt had it',
    );
    assert.deepEqual(verifyText(text), []);
    const last = (await readLog(points)).at(-1);
    assert.ok(last?.type === 'reproduced');
    assert.equal(last.generated[0]?.messageId, messageId);
    // The attestation is itself written from values.
    assert.equal(
      rebuildGenerated({ ...last, generated: last.generated[0] as GeneratedMessage }).generated.messageId,
      messageId,
    );
    assert.ok(await points.db.read((tx) => findChain(tx, nameCertificate(renewed))));
  });

  it('carries the proof of its entry where there is one', async (t) => {
    const points = await issueEveryKind(t);
    const complete = await findIssued(points, isComplete);
    await letGo(points);
    const asked: unknown[] = [];
    const proof = Buffer.from('{"format":"openpec-proof-1"}\n');
    const parts: ReproductionParts = {
      ...partsOf(points),
      prove: async (identificativo, { node, seq }) => {
        asked.push({ identificativo, node, seq });
        return proof;
      },
    };
    const done = await reproduceReceipt(parts, { ...requestFor(complete), requestedBy: 'mario@alfa.test' });
    const bytes = await collectSegments(points.blobs, done.segments, sizeOf(done.segments));
    const text = Buffer.from(bytes).toString('latin1');
    assert.equal(readPart(text, 'prova.json'), proof.toString());
    const { entry, proofSha256 } = JSON.parse(readPart(text, 'registrazione.json')) as Record<string, object>;
    assert.partialDeepStrictEqual(entry, { node: 'n1' });
    assert.deepEqual(asked, [
      { identificativo: complete.facts.identificativo, node: 'n1', seq: (entry as { seq: number }).seq },
    ]);
    assert.equal(proofSha256, createHash('sha256').update(proof).digest('hex'));
    assert.match(text.replaceAll('=\r\n', ''), /chiunque pu=F2 verificarla senza il gestore/);
    assert.deepEqual(verifyText(text), []);
    const last = (await readLog(points)).at(-1);
    const generated = last?.generated[0] as GeneratedMessage;
    assert.ok(last !== undefined && generated.kind === 'duplicate-attestation');
    const rebuilt = rebuildGenerated({ ...last, generated, proof });
    assert.deepEqual(
      await collectSegments(points.blobs, rebuilt.content, sizeOf(rebuilt.content)),
      Buffer.from(text.slice(text.indexOf('Content-Type: multipart/mixed')), 'latin1').subarray(
        0,
        sizeOf(rebuilt.content),
      ),
    );
    assert.throws(() => rebuildGenerated({ ...last, generated }), /the proof that it names/);
  });

  it("is written again from the recipient's mailbox while it lies there", async (t) => {
    const points = await issueEveryKind(t);
    const issued = (await readIssued(points)).filter(
      ({ generated }) => generated.kind === 'delivery-receipt',
    );
    await points.db.transact((tx) => tx.run('UPDATE pec_message SET envelope_id = NULL'));
    assert.equal(issued.length, 4);
    for (const one of issued) {
      const { form, text } = await reproduce(points, requestFor(one));
      assert.equal(form, 'exact');
      assert.equal(text, one.bytes);
    }
  });

  it('gives it when asked for, and needs no original for a concise receipt', async (t) => {
    const points = await issueEveryKind(t);
    const complete = await findIssued(points, isComplete);
    assert.equal((await reproduce(points, { ...requestFor(complete), attest: true })).form, 'attested');
    const acceptance = await findIssued(points, ({ generated }) => generated.kind === 'acceptance-receipt');
    const failure = await refuses(points, { ...requestFor(acceptance), attest: true });
    assert.equal(failure.reason, 'unavailable');
    await letGo(points);
    const concise = await findIssued(
      points,
      ({ generated }) => generated.kind === 'delivery-receipt' && generated.receiptKind === 'sintetica',
    );
    assert.equal((await reproduce(points, requestFor(concise))).text, concise.bytes);
  });
});

/** The envelope is kept no longer, and its recipient deleted it. */
async function letGo({ db }: TestPoints): Promise<void> {
  await db.transact(async (tx) => {
    await tx.run('UPDATE pec_message SET envelope_id = NULL');
    await tx.run(
      'DELETE FROM message WHERE folder_id IN (SELECT f.id FROM folder f JOIN mailbox b ON b.id = f.mailbox_id WHERE b.address_key = ?)',
      'anna@alfa.test',
    );
  });
}

/** The content of an attached file. */
function readPart(message: string, name: string): string {
  const head = message.indexOf(`filename="${name}"`);
  assert.notEqual(head, -1, `no ${name}`);
  const body = message.slice(message.indexOf('\r\n\r\n', head) + 4);
  return Buffer.from(body.slice(0, body.indexOf('\r\n--')), 'base64').toString();
}

function verifyText(text: string): unknown {
  const message = Buffer.from(text, 'latin1');
  const tree = scanMessage(message);
  const [content, signature] = tree.children;
  assert.ok(content !== undefined && signature !== undefined);
  const covered = message.subarray(content.headerStart, content.bodyEnd);
  const { problems } = verifySignedMessage({
    tree,
    cms: decodeTransfer('base64', message.subarray(signature.bodyStart, signature.bodyEnd)),
    contentDigests: { sha256: createHash('sha256').update(covered).digest() },
    trust: parseTrust({ anchors: decodePem('CERTIFICATE', authority.root.certificatePem) }),
    policy: { ...livePolicy, revocation: 'none' },
    now: workday + 48 * 3_600_000,
    from: 'posta-certificata@alfa.test',
  });
  return problems;
}
