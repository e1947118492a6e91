import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createInsistence } from '../../../src/lib/insist.ts';

/** Fails so many times, then succeeds. */
function failing(times: number): { readonly act: () => Promise<void>; readonly tries: () => number } {
  let tries = 0;
  const act = async () => {
    tries += 1;
    if (tries <= times) throw new Error(`disk full ${tries}`);
  };
  return { act, tries: () => tries };
}

test('tries until it succeeds, and each failure is heard', async () => {
  const heard: unknown[] = [];
  const { insist } = createInsistence({ onError: (error) => heard.push(error), pauseMs: 1, limitMs: 100 });
  const { act, tries } = failing(3);
  await insist(act);
  assert.equal(tries(), 4);
  assert.deepEqual(heard.map(String), ['Error: disk full 1', 'Error: disk full 2', 'Error: disk full 3']);
});

test('gives up at its limit with the last failure, also when a try takes long', async () => {
  const { insist } = createInsistence({ onError: () => undefined, pauseMs: 1, limitMs: 50 });
  const { act, tries } = failing(Number.POSITIVE_INFINITY);
  const slow = async () => {
    await delay(40);
    await act();
  };
  await assert.rejects(insist(slow), /disk full \d/);
  assert.ok(tries() === 1 || tries() === 2, `${tries()} tries`);
});

test('a stop ends the waiting at once', async () => {
  const waits = Promise.withResolvers<void>();
  const insistence = createInsistence({ onError: () => waits.resolve(), pauseMs: 60_000, limitMs: 600_000 });
  const { act, tries } = failing(Number.POSITIVE_INFINITY);
  const refused = assert.rejects(insistence.insist(act), /disk full 1/);
  await waits.promise;
  insistence.stop();
  await refused;
  assert.equal(tries(), 1);
  await assert.rejects(insistence.insist(act), /disk full 2/);
});
