/** While the provider may not certify, or cannot tell whom it believes, mail waits and nothing is written. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { MailError } from '../../../src/lib/mail-error.ts';
import { decodePem } from '../../../src/lib/pem.ts';
import { buildCrl } from '../../../src/pki/crl.ts';
import { createDeliveryPoint } from '../../../src/points/delivery-point.ts';
import { startDeliveryWorker } from '../../../src/points/delivery-worker.ts';
import { createReadyCheck } from '../../../src/points/readiness.ts';
import { createIndex } from '../../../src/provider-index/index-from-records.ts';
import type { IndexedProvider } from '../../../src/provider-index/provider-index.ts';
import { parseCertificate } from '../../../src/smime/certificate.ts';
import { parseTrust } from '../../../src/smime/trust.ts';
import { arrive, buildEnvelope } from '../../support/arrivals.ts';
import { buildMail, openPoints, readInbox, readLog, submit } from '../../support/point-parts.ts';
import { authority, otherProvider } from '../pki/authority.ts';
import { alfa, beta } from '../provider-index/providers.ts';

const hour = 3_600_000;
const to = ['anna@alfa.test'];

function answers(code: number, enhanced: string): (error: unknown) => boolean {
  return (error) =>
    error instanceof MailError && error.smtp.code === code && error.smtp.enhanced === enhanced;
}

describe('with a clock that is wrong', () => {
  async function open(t: TestContext) {
    const clock = { isRight: false };
    const ready = createReadyCheck({
      isClockRight: () => clock.isRight,
      index: () => createIndex([], 0),
      maxIndexAgeMs: Number.POSITIVE_INFINITY,
      clock: () => 0,
    });
    return { clock, points: await openPoints(t, { ready }) };
  }

  it('the access point answers 451 before it reads a byte, and takes the same message later', async (t) => {
    const { clock, points } = await open(t);
    let read = 0;
    async function* source() {
      read += 1;
      yield buildMail({ to });
    }
    await assert.rejects(submit(points, { to }, { source: source() }), answers(451, '4.3.0'));
    assert.deepEqual([read, (await readLog(points)).length], [0, 0]);
    clock.isRight = true;
    await submit(points, { to }, { source: source() });
    assert.equal((await readLog(points))[0]?.type, 'accepted');
  });

  it('the incoming point answers 451', async (t) => {
    const { clock, points } = await open(t);
    const mail = { bytes: await buildEnvelope(points, { to }), from: 'luigi@beta.test', to };
    await assert.rejects(arrive(points, mail), answers(451, '4.3.0'));
    assert.equal((await readLog(points)).length, 0);
    clock.isRight = true;
    await arrive(points, mail);
    assert.equal((await readLog(points))[0]?.type, 'taken-in-charge');
  });

  it('what was accepted before is delivered, with its receipt, only afterwards', async (t) => {
    const { clock, points } = await open(t);
    clock.isRight = true;
    await submit(points, { to });
    clock.isRight = false;
    const worker = await startDeliveryWorker({
      parts: points.parts,
      deliveryPoint: createDeliveryPoint(points.parts),
      concurrency: 1,
      onError: (error) => assert.fail(String(error)),
    });
    t.after(() => worker.stop());
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal((await readInbox(points, 'anna@alfa.test')).length, 0);
    clock.isRight = true;
    while ((await readInbox(points, 'anna@alfa.test')).length === 0) {
      worker.wake();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
});

describe('where a fresh revocation list is required', () => {
  const serialNumber = parseCertificate(
    decodePem('CERTIFICATE', otherProvider.certificatePem)[0] ?? new Uint8Array(0),
  ).serialNumber;

  async function open(t: TestContext, list?: { readonly ageHours?: number; readonly isRevoked?: boolean }) {
    const points = await openPoints(t, { revocation: 'signer' });
    const thisUpdate = points.clock() - (list?.ageHours ?? 1) * hour;
    const nextUpdate = thisUpdate + 24 * hour;
    const revoked = list?.isRevoked === true ? [{ serialNumber, at: thisUpdate }] : [];
    const crl = await buildCrl({ issuer: authority.mail, revoked, number: 1, thisUpdate, nextUpdate });
    const trust = parseTrust({
      anchors: decodePem('CERTIFICATE', authority.root.certificatePem),
      crls: list === undefined ? [] : [crl],
    });
    return { ...points, parts: { ...points.parts, trust: () => trust } };
  }

  it('an envelope waits while there is none, or an old one: it is neither taken nor refused for good', async (t) => {
    for (const list of [undefined, { ageHours: 25 }]) {
      const points = await open(t, list);
      const mail = { bytes: await buildEnvelope(points, { to }), from: 'luigi@beta.test', to };
      await assert.rejects(arrive(points, mail), answers(451, '4.7.5'));
      assert.equal((await readLog(points)).length, 0);
    }
  });

  it('it is taken with a fresh one, and refused when its signer is on it', async (t) => {
    const good = await open(t, {});
    await arrive(good, { bytes: await buildEnvelope(good, { to }), from: 'luigi@beta.test', to });
    const bad = await open(t, { isRevoked: true });
    const mail = { bytes: await buildEnvelope(bad, { to }), from: 'luigi@beta.test', to };
    await assert.rejects(arrive(bad, mail), answers(550, '5.7.1'));
  });

  it('what is wrong in another way does not wait, nor what comes from nobody in the index', async (t) => {
    const points = await open(t);
    const from = 'luigi@beta.test';
    const envelope = await buildEnvelope(points, { to });
    const altered = Buffer.from(envelope.toString('latin1').replace('Buongiorno', 'Buonasera!'), 'latin1');
    await assert.rejects(arrive(points, { bytes: altered, from, to }), answers(550, '5.7.1'));
    const strangers = { ...points, parts: { ...points.parts, index: () => createIndex([], points.clock()) } };
    await assert.rejects(arrive(strangers, { bytes: envelope, from, to }), answers(550, '5.7.1'));
    await assert.rejects(arrive(points, { bytes: buildMail({ from, to }), from, to }), answers(550, '5.7.1'));
  });
});

describe('what the copy of the index may not know yet', () => {
  const from = 'luigi@beta.test';
  /** Its other certificate is that of alfa. */
  const peer = { ...beta, certificateHashes: beta.certificateHashes.slice(0, 1) };

  async function open(t: TestContext, known: readonly IndexedProvider[], fetchedHoursAgo: number) {
    const points = await openPoints(t);
    const index = createIndex([alfa, ...known], points.clock() - fetchedHoursAgo * hour);
    return { ...points, parts: { ...points.parts, index: () => index } };
  }

  const unknown: Readonly<Record<string, readonly IndexedProvider[]>> = {
    'a provider': [],
    'a certificate': [{ ...peer, certificateHashes: [] }],
    'a domain': [{ ...peer, managedDomains: ['other.test'] }],
  };

  for (const [what, known] of Object.entries(unknown)) {
    it(`${what}: an envelope signed after the copy was fetched waits for the next one`, async (t) => {
      const points = await open(t, known, 1);
      const bytes = await buildEnvelope(points, { to });
      await assert.rejects(arrive(points, { bytes, from, to }), answers(451, '4.7.5'));
      assert.equal((await readLog(points)).length, 0);
      const renewed = createIndex([alfa, peer], points.clock());
      await arrive({ ...points, parts: { ...points.parts, index: () => renewed } }, { bytes, from, to });
      assert.equal((await readLog(points))[0]?.type, 'taken-in-charge');
    });

    it(`${what}: when a copy as new as the message does not know it either, it is refused`, async (t) => {
      const points = await open(t, known, 0);
      const mail = { bytes: await buildEnvelope(points, { to }), from, to };
      await assert.rejects(arrive(points, mail), answers(550, '5.7.1'));
    });
  }

  it('a stranger does not wait: the authority of the providers has not vouched for the key', async (t) => {
    const points = await open(t, [], 1);
    const trust = parseTrust({ anchors: [] });
    const strangers = { ...points, parts: { ...points.parts, trust: () => trust } };
    const mail = { bytes: await buildEnvelope(points, { to }), from, to };
    await assert.rejects(arrive(strangers, mail), answers(550, '5.7.1'));
  });
});
