import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRunner } from '../../../src/lib/runner.ts';

function rethrow(error: unknown): never {
  throw error;
}

/** A promise with its resolver. */
function signal(): { readonly promise: Promise<void>; readonly give: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, give: resolve };
}

test('goes on at once while a round says there is more', async () => {
  const done = signal();
  let rounds = 0;
  const runner = startRunner({
    round: async () => {
      rounds += 1;
      if (rounds === 5) done.give();
      return rounds < 5 ? 0 : undefined;
    },
    onError: rethrow,
    longestSleepMs: 60_000,
  });
  await done.promise;
  await runner.stop();
  assert.equal(rounds, 5);
});

test('a wake-up during a round is not lost', async () => {
  const second = signal();
  let rounds = 0;
  const runner = startRunner({
    round: async () => {
      rounds += 1;
      if (rounds === 1) runner.wake();
      else second.give();
      return undefined;
    },
    onError: rethrow,
    longestSleepMs: 60_000,
  });
  await second.promise;
  await runner.stop();
  assert.equal(rounds, 2);
});

test('a round that throws is reported and the loop lives on when woken', async () => {
  const errors: unknown[] = [];
  const again = signal();
  let rounds = 0;
  const runner = startRunner({
    round: async () => {
      rounds += 1;
      if (rounds === 1) throw new Error('store away');
      again.give();
      return undefined;
    },
    onError: (error) => {
      errors.push(error);
      setImmediate(() => runner.wake());
    },
    longestSleepMs: 60_000,
  });
  await again.promise;
  await runner.stop();
  assert.match(String(errors[0]), /store away/);
});

test('stop waits for the round under way and no other begins', async () => {
  const begun = signal();
  const release = signal();
  let ended = 0;
  const runner = startRunner({
    round: async () => {
      begun.give();
      await release.promise;
      ended += 1;
      return 0;
    },
    onError: rethrow,
    longestSleepMs: 60_000,
  });
  await begun.promise;
  const stopped = runner.stop();
  release.give();
  await stopped;
  assert.equal(ended, 1);
});
