/** A virus detection that arrives twice in the same millisecond: the sender hears of it once (pec-wire §14 rule 4). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectSegments } from '../../../src/blob/read-segments.ts';
import { createPemSigner } from '../../../src/keys/pem.ts';
import { sizeOf } from '../../../src/lib/segments.ts';
import { buildVirusDetectionNotice } from '../../../src/pec/receipts/virus.ts';
import { seal } from '../../../src/points/seal.ts';
import { arrive } from '../../support/arrivals.ts';
import { openPoints, readLog, submit } from '../../support/point-parts.ts';
import { otherProvider } from '../pki/authority.ts';
import { beta } from '../provider-index/providers.ts';

test('the same virus detection twice in one millisecond: one notice', async (t) => {
  const points = await openPoints(t);
  const recipient = 'luigi@beta.test';
  await submit(points, { to: [recipient] });
  const accepted = (await readLog(points)).find(({ type }) => type === 'accepted');
  assert.ok(accepted);
  const at = points.clock();
  const provider = { name: beta.name, domain: 'beta.test', address: 'posta-certificata@beta.test' };
  const to = 'ricevute@alfa.test';
  const notice = buildVirusDetectionNotice({
    provider,
    facts: accepted.facts,
    at,
    recipient,
    virus: 'X',
    to,
  });
  const signer = createPemSigner(otherProvider);
  const { segments } = await seal({ blobs: points.blobs, signer }, notice, at);
  const bytes = Buffer.from(await collectSegments(points.blobs, segments, sizeOf(segments)));
  const mail = { bytes, from: '', to: [to] };
  await Promise.all([arrive(points, mail), arrive(points, mail)]);
  const types = (await readLog(points)).map(({ type }) => type);
  assert.equal(types.filter((type) => type === 'virus-non-delivery').length, 1, types.join());
});
