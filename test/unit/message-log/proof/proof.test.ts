import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, it } from 'node:test';
import { createPemSigner } from '../../../../src/keys/pem.ts';
import { decodePem } from '../../../../src/lib/pem.ts';
import { openBundle, type ProofBundle, signBundle } from '../../../../src/message-log/proof/bundle.ts';
import { checkProof } from '../../../../src/message-log/proof/check-proof.ts';
import { makeProof, NoProof } from '../../../../src/message-log/proof/make-proof.ts';
import { buildCrl } from '../../../../src/pki/crl.ts';
import { parseCertificate } from '../../../../src/smime/certificate.ts';
import { parseTrust } from '../../../../src/smime/trust.ts';
import { makeFacts } from '../../../support/log-events.ts';
import { makeBundle, openProvedLog, proofRequest, proved, signer } from '../../../support/proof.ts';
import { dayMs, firstDay, type SealedLog, writeMessages } from '../../../support/sealed-log.ts';
import { authority, issuedAt, otherProvider } from '../../pki/authority.ts';

const anchors = parseTrust({ anchors: decodePem('CERTIFICATE', authority.root.certificatePem) });
const trust = { provider: anchors, stamps: anchors };
const check = (bytes: Uint8Array, now = firstDay + 3 * dayMs) => checkProof(bytes, trust, now);

/** The bundle changed by `change` and signed again by the provider: what a provider that lies can do. */
async function forge(log: SealedLog, change: (bundle: Mutable) => void): Promise<readonly string[]> {
  const bundle = structuredClone(await makeProof(await proofRequest(log))) as unknown as Mutable;
  change(bundle);
  const text = await signBundle(bundle as unknown as ProofBundle, signer, log.time.now);
  const verdict = check(Buffer.from(text));
  assert.ok(!verdict.ok, 'a forged bundle was believed');
  return verdict.problems;
}

type Mutable = {
  -readonly [Key in keyof ProofBundle]: ProofBundle[Key] extends readonly (infer Item)[]
    ? Any<Item>[]
    : ProofBundle[Key];
};
type Any<T> = T extends object
  ? { -readonly [Key in keyof T]: T[Key] extends readonly (infer Item)[] ? Any<Item>[] : T[Key] }
  : T;

describe('a proof bundle', () => {
  it('proves all sealed entries of a message, across days, with anchors alone', async (t) => {
    const log = await openProvedLog(t);
    const verdict = check(await makeBundle(log));
    assert.deepEqual(verdict.problems, []);
    assert.deepEqual(
      verdict.entries.map(({ seq, event }) => [seq, event.type]),
      [
        [10, 'accepted'],
        [11, 'taken-in-charge'],
        [21, 'delivered'],
      ],
    );
    assert.deepEqual(
      verdict.stamps.map(({ segment, authority: name }) => [segment, name]),
      [
        ['n1/1', 'prova'],
        ['n1/2', 'prova'],
      ],
    );
    assert.deepEqual(
      [verdict.provider, verdict.identificativo, verdict.unsealed],
      ['Gestore Alfa S.p.A.', proved, 0],
    );
    // Years later, with all certificates expired, it proves as much.
    assert.deepEqual(check(await makeBundle(log), firstDay + 3650 * dayMs).problems, []);
  });

  it('holds for entries anywhere in large segments', async (t) => {
    const log = await openProvedLog(t, 700);
    const bundle = await makeBundle(log);
    assert.deepEqual(check(bundle).problems, []);
    assert.ok(bundle.length < 60_000, `${bundle.length} bytes`);
  });

  it('is void with any one byte changed', async (t) => {
    const bundle = await makeBundle(await openProvedLog(t));
    for (let at = 0; at < bundle.length; at += at > bundle.length - 200 ? 1 : 5) {
      const changed = Buffer.from(bundle);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      assert.ok(!check(changed).ok, `byte ${at}`);
    }
    for (const other of [
      bundle.subarray(0, -1),
      Buffer.concat([bundle, Buffer.from(' ')]),
      Buffer.from('{}'),
      Buffer.alloc(0),
    ])
      assert.deepEqual(check(other).problems, ['this is no proof bundle, or it was altered']);
  });

  it('is void when whoever changed it has put the digest right', async (t) => {
    const bundle = await makeBundle(await openProvedLog(t));
    const end = bundle.lastIndexOf(',"digest":"');
    const signatureAt = bundle.lastIndexOf(',"signature":"');
    for (let at = 30; at < signatureAt; at += 397) {
      const changed = Buffer.from(bundle.subarray(0, end));
      changed[at] = (changed[at] ?? 0) ^ 0x01;
      const digest = hash('sha256', changed, 'hex');
      assert.ok(!check(Buffer.concat([changed, Buffer.from(`,"digest":"${digest}"}\n`)])).ok, `byte ${at}`);
    }
  });

  it('is void when another provider signs it', async (t) => {
    const log = await openProvedLog(t);
    const bundle = await makeProof(await proofRequest(log));
    const own = await signBundle(bundle, signer, log.time.now);
    const self = parseTrust({ anchors: decodePem('CERTIFICATE', otherProvider.certificatePem) });
    const foreign = checkProof(Buffer.from(own), { provider: self, stamps: anchors }, log.time.now);
    assert.match(foreign.problems[0] ?? '', /the signature of the bundle: the certificate chain/);
  });

  it('cannot be forged even by the provider, whose signature is not what counts', async (t) => {
    const log = await openProvedLog(t);
    const edit = (bundle: Mutable, change: (line: string) => string) => {
      const entry = bundle.segments[0]?.entries[0];
      assert.ok(entry !== undefined);
      entry.line = change(entry.line);
    };
    assert.match(
      (await forge(log, (b) => edit(b, (line) => line.replace('4102', '4103')))).join(),
      /n1\/10: it is not under the root/,
    );
    assert.match(
      (await forge(log, (b) => edit(b, (line) => line.replace('"n1",10', '"n1",11')))).join(),
      /does not stand where/,
    );
    assert.match((await forge(log, (b) => edit(b, () => 'null'))).join(), /a line is no entry/);
    assert.match(
      (
        await forge(log, (b) => {
          b.facts[0] = b.facts[0]?.replace('mario', 'maria') ?? '';
        })
      ).join(),
      /its facts are missing/,
    );
    assert.match(
      (
        await forge(log, (b) => {
          b.identificativo = makeFacts('other').identificativo;
        })
      ).join(),
      /about another message/,
    );
    const [first] = (await makeProof(await proofRequest(log))).segments;
    assert.ok(first !== undefined);
    const withSegment = (change: object) =>
      forge(log, (b) => {
        b.segments[0] = { ...structuredClone(first), ...change } as never;
      });
    assert.match((await withSegment({ root: 'ab'.repeat(32) })).join(), /stamped|over something else/);
    assert.match((await withSegment({ root: 'AB'.repeat(32) })).join(), /not what its header says/);
    assert.match((await withSegment({ size: first.size + 1 })).join(), /its size or root/);
    assert.match((await withSegment({ stamps: [] })).join(), /nobody stamped it/);
    assert.match((await withSegment({ headerPath: [] })).join(), /header is not under the root/);
    assert.match(
      (await withSegment({ header: first.header.replace('2026-11-10', '2026-11-09') })).join(),
      /header is not under the root/,
    );
    assert.match((await withSegment({ statement: 'AAAA' })).join(), /the signed statement/);
    assert.match(
      (await withSegment({ index: first.index && { ...first.index, sha256: 'cd'.repeat(32) } })).join(),
      /not the one that was in force/,
    );
    assert.match(
      (await withSegment({ index: first.index && { ...first.index, entry: 'dn: o=x' } })).join(),
      /does not have the certificate/,
    );
    assert.match(
      (
        await withSegment({
          stamps: first.stamps.map((stamp) => ({ ...stamp, time: '2020-01-01T00:00:00.000Z' })),
        })
      ).join(),
      /another time/,
    );
    assert.match(
      (
        await forge(log, (b) => {
          b.certificates = [];
        })
      ).join(),
      /certificate it was signed with is missing/,
    );
    assert.match(
      (
        await forge(log, (b) => {
          b.segments = [];
        })
      ).join(),
      /proves nothing/,
    );
    assert.match(
      (
        await forge(log, (b) => {
          b.message = { kind: 'submitted', sha256: '00' };
        })
      ).join(),
      /no entry of the bundle is about the message/,
    );
    assert.match(
      (
        await forge(log, (b) => {
          b.provider = 7 as never;
        })
      ).join(),
      /no proof bundle/,
    );
    assert.match(
      (await forge(log, (b) => edit(b, (line) => line.replace(/"\[\{.*\}\]"/, '"[null]"')))).join(),
      /not well formed|not under the root/,
    );
  });

  it('names the message in hand by what only its bytes and the log have in common', async (t) => {
    const log = await openProvedLog(t);
    const opened = openBundle(await makeBundle(log));
    const entry = JSON.parse(opened?.bundle.segments[1]?.entries[0]?.line ?? '[]') as string[];
    const [receipt] = JSON.parse(entry[11] ?? '[]') as { messageId: string; signature: { value: string } }[];
    assert.ok(receipt !== undefined);
    const issued = {
      kind: 'issued',
      messageId: receipt.messageId,
      signature: receipt.signature.value,
    } as const;
    assert.deepEqual(check(await makeBundle(log, { message: issued })).problems, []);
    assert.ok(!check(await makeBundle(log, { message: { ...issued, signature: 'AAAA' } })).ok);
    assert.deepEqual(
      check(
        await makeBundle(log, { message: { kind: 'submitted', sha256: hash('sha256', 'proved', 'hex') } }),
      ).problems,
      [],
    );
  });

  it('says when the key had been revoked before it signed', async (t) => {
    const log = await openProvedLog(t);
    const { serialNumber } = parseCertificate(signer.chain[0] ?? new Uint8Array(0));
    const crl = await buildCrl({
      issuer: authority.mail,
      revoked: [{ serialNumber, at: issuedAt + 1000 }],
      number: 2,
      thisUpdate: issuedAt,
      nextUpdate: issuedAt + 60 * dayMs,
    });
    assert.match(
      check(await makeBundle(log, { crls: [crl] })).problems.join(),
      /signed with: a certificate was revoked/,
    );
    assert.deepEqual(check(await makeBundle(log, { crls: [Buffer.from('rubbish')] })).problems, []);
  });

  it('is made of what is sealed, says what is not, and is not made of nothing', async (t) => {
    const log = await openProvedLog(t);
    await assert.rejects(makeProof(await proofRequest(log, { identificativo: 'none' })), NoProof);
    await writeMessages(log, { at: firstDay + 2 * dayMs, count: 1, name: 'new' });
    const { identificativo } = makeFacts(`new${firstDay + 2 * dayMs}x0`);
    await assert.rejects(
      makeProof(await proofRequest(log, { identificativo })),
      /not sealed and time-stamped yet/,
    );
    log.authorities[0]?.failNext();
    await log.sealer.seal({ early: true });
    await assert.rejects(
      makeProof(await proofRequest(log, { identificativo })),
      /not sealed and time-stamped yet/,
    );
  });
});

// The keys of the other provider are under the same authority: it may sign bundles of its own, not ours.
it('a bundle signed by another provider of the same authority is not ours', async (t) => {
  const log = await openProvedLog(t);
  const text = await signBundle(
    await makeProof(await proofRequest(log)),
    createPemSigner(otherProvider),
    log.time.now,
  );
  assert.match(
    check(Buffer.from(text)).problems.join(),
    /the sender's address is not in the signer's certificate/,
  );
});
