import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { idleLimit, nextAttempt } from '../../../src/queue/retry.ts';

const minute = 60_000;

test('soon at first, then every half hour', () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 20].map((attempts) =>
    nextAttempt({ attempts, now: 0, expiresAt: idleLimit }),
  );
  assert.deepEqual(
    waits,
    [0.5, 1, 2, 5, 10, 15, 30, 30].map((minutes) => minutes * minute),
  );
});

test('the last attempt is a minute before the limit, and then no more', () => {
  const expiresAt = idleLimit;
  assert.equal(nextAttempt({ attempts: 50, now: expiresAt - 10 * minute, expiresAt }), expiresAt - minute);
  assert.equal(nextAttempt({ attempts: 51, now: expiresAt - minute, expiresAt }), 'expired');
  assert.equal(nextAttempt({ attempts: 51, now: expiresAt + minute, expiresAt }), 'expired');
});

test('whatever the times, the next attempt is later than now and before the limit', () => {
  const times = fc.record({
    attempts: fc.integer({ min: 1, max: 200 }),
    now: fc.integer({ min: 0, max: 2 * idleLimit }),
  });
  fc.assert(
    fc.property(times, ({ attempts, now }) => {
      const next = nextAttempt({ attempts, now, expiresAt: idleLimit });
      assert.ok(next === 'expired' ? now >= idleLimit - minute : next > now && next < idleLimit);
    }),
  );
});
