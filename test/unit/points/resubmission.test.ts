/** The same bytes sent again: a client that never saw its answer, or a second message. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { openPoints, submit, type TestPoints } from '../../support/point-parts.ts';

const hour = 3_600_000;
const mail = { to: ['anna@alfa.test'] };
const lost = { answered: false };

it('counts once while the client may not have its answer', async (t) => {
  const points = await openPoints(t);
  const first = await submit(points, mail, {}, lost);
  points.time.now += 47 * hour;
  const second = await submit(points, mail, {}, lost);
  assert.equal(second.identificativo, first.identificativo);
});

it('is a second message once the first was answered', async (t) => {
  await assertAnother(await openPoints(t), async (points) => submit(points, mail));
});

it('is a second message when no client would still be trying', async (t) => {
  await assertAnother(await openPoints(t), async (points) => {
    const first = await submit(points, mail, {}, lost);
    points.time.now += 121 * hour;
    return first;
  });
});

async function assertAnother(
  points: TestPoints,
  send: (points: TestPoints) => ReturnType<typeof submit>,
): Promise<void> {
  const first = await send(points);
  const second = await submit(points, mail);
  assert.notEqual(second.identificativo, first.identificativo);
}
