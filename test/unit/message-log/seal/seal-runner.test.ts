import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { startSealRunner } from '../../../../src/message-log/seal/seal-runner.ts';
import type { SealRound } from '../../../../src/message-log/seal/sealer.ts';

const morning = Date.parse('2026-11-10T09:00:00Z');
const midnight = Date.parse('2026-11-10T23:00:00Z');
const segment = { node: 'n1', number: 1, day: '2026-11-09', entries: 1, firstSeq: 1, lastSeq: 1 };
const done: SealRound = { sealed: [], pending: [], nextAt: undefined, busy: [] };

/** A runner whose clock is moved by hand; `at` gives the rounds that have run by then. */
function start(t: TestContext, answers: (SealRound | Error)[]) {
  const time = { now: morning };
  const rounds: number[] = [];
  const errors: unknown[] = [];
  let afterwards = 0;
  const runner = startSealRunner({
    seal: async () => {
      rounds.push(time.now);
      const answer = answers.shift() ?? done;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    afterwards: async () => {
      afterwards += 1;
    },
    clock: () => time.now,
    onRound: () => undefined,
    onError: (error) => errors.push(error),
  });
  t.after(() => runner.stop());
  const at = async (now: number) => {
    time.now = now;
    runner.wake();
    for (let count = 0; count < 10; count += 1) await turn();
    return rounds.length;
  };
  return { at, errors, afterwards: () => afterwards };
}

test('a round at the start, then one after each midnight, with what comes afterwards', async (t) => {
  const { at, afterwards } = start(t, []);
  assert.equal(await at(morning), 1);
  assert.equal(await at(midnight + 119_000), 1);
  assert.equal(await at(midnight + 120_000), 2);
  assert.equal(await at(midnight + 3_600_000), 2);
  assert.equal(await at(midnight + 86_400_000 + 120_000), 3);
  assert.equal(afterwards(), 3);
});

test('what is left open is tried again at growing distances', async (t) => {
  const pending = { ...done, pending: [segment] };
  const { at, afterwards } = start(t, [pending, { ...done, busy: ['n1'] }, new Error('full'), pending, done]);
  const minute = 60_000;
  const times = [0, 1, 2, 3, 7, 8, 17, 18, 19];
  const counts: number[] = [];
  for (const minutes of times) counts.push(await at(morning + minutes * minute));
  assert.deepEqual(counts, [1, 2, 2, 3, 3, 4, 4, 5, 5]);
  assert.equal(afterwards(), 1);
});
