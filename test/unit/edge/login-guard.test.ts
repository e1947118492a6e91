import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLoginGuard, type LoginGuard, type LoginTry } from '../../../src/edge/login-guard.ts';

const limits = {
  windowMs: 1000,
  failuresPerPair: 3,
  failuresPerAddress: 5,
  failuresPerAccount: 8,
  delayMs: 100,
  longestDelayMs: 800,
  entries: 1000,
  lineLength: 100,
  lineMs: 60_000,
};

function makeGuard(overrides: Partial<typeof limits> = {}) {
  const time = { now: 0 };
  return { time, guard: createLoginGuard(() => time.now, { ...limits, ...overrides }) };
}

/** A wrong password; false when it was not even looked at. */
async function fail(guard: LoginGuard, address: string, account: string): Promise<boolean> {
  const turn = await guard.begin(address, account);
  if (!turn.locked) turn.failed();
  return !turn.locked;
}

async function isLocked(guard: LoginGuard, address: string, account: string): Promise<boolean> {
  const turn = await guard.begin(address, account);
  if (!turn.locked) turn.undecided();
  return turn.locked;
}

/** Many tries begun at once: those whose turn it is, as it comes. */
function beginMany(guard: LoginGuard, names: readonly (readonly [address: string, account: string])[]) {
  const turns: LoginTry[] = [];
  const begun = names.map(([address, account]) =>
    guard.begin(address, account).then((turn) => {
      turns.push(turn);
    }),
  );
  return {
    turns,
    all: Promise.all(begun),
    /** Ends those that have their turn in one way until none comes any more; the most at one time. */
    async endAll(how: 'succeeded' | 'failed' | 'undecided'): Promise<number> {
      let most = 0;
      for (let done = 0; done < names.length; ) {
        for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
        const now = turns.slice(done);
        assert.ok(now.length > 0, `${names.length - done} wait for ever`);
        most = Math.max(most, now.filter(({ locked }) => !locked).length);
        for (const turn of now) turn[how]();
        done += now.length;
      }
      return most;
    },
  };
}

const repeat = (count: number, address: string, account: string) =>
  Array.from({ length: count }, () => [address, account] as const);

test('each failure from an address makes the next answer slower, up to a limit', async () => {
  const { guard } = makeGuard({ failuresPerAddress: 100, failuresPerPair: 100 });
  const delays: number[] = [];
  for (let user = 1; user <= 6; user += 1) {
    const turn = await guard.begin('192.0.2.1', `user${user}`);
    turn.failed();
    delays.push(turn.delayMs);
  }
  assert.deepEqual(delays, [100, 200, 400, 800, 800, 800]);
});

test('address and account together lock, others stay free, and time unlocks', async () => {
  const { guard, time } = makeGuard();
  for (let i = 0; i < 3; i++) assert.ok(await fail(guard, '192.0.2.1', 'mario'));
  assert.equal(await isLocked(guard, '192.0.2.1', 'MARIO'), true);
  assert.equal(await isLocked(guard, '192.0.2.1', 'anna'), false);
  assert.equal(await isLocked(guard, '192.0.2.2', 'mario'), false);
  time.now = 999;
  assert.equal(await isLocked(guard, '192.0.2.1', 'mario'), true);
  time.now = 2000;
  assert.equal(await isLocked(guard, '192.0.2.1', 'mario'), false);
});

test('an address that tries many names is locked', async () => {
  const { guard } = makeGuard();
  for (let i = 0; i < 5; i++) assert.ok(await fail(guard, '2001:db8::1', `user${i}`));
  assert.equal(await isLocked(guard, '2001:db8::ffff', 'another'), true);
});

test('an account attacked from everywhere locks, but not for addresses its owner used', async () => {
  const { guard } = makeGuard();
  (await guard.begin('198.51.100.7', 'mario')).succeeded();
  for (let i = 0; i < 8; i++) assert.ok(await fail(guard, `192.0.2.${i}`, 'mario'));
  assert.equal(await isLocked(guard, '203.0.113.1', 'mario'), true);
  assert.equal(await isLocked(guard, '198.51.100.7', 'mario'), false);
});

test('wrong passwords at once win no more guesses than one after the other', async () => {
  const { guard } = makeGuard();
  const many = beginMany(guard, repeat(50, '192.0.2.1', 'mario'));
  await many.endAll('failed');
  assert.equal(many.turns.filter(({ locked }) => !locked).length, 3);
  assert.equal(await isLocked(guard, '192.0.2.1', 'mario'), true);

  const spread = makeGuard().guard;
  const names = Array.from({ length: 50 }, (_, i) => [`192.0.2.${i}`, 'anna'] as const);
  const everywhere = beginMany(spread, names);
  await everywhere.endAll('failed');
  assert.equal(everywhere.turns.filter(({ locked }) => !locked).length, 8);
});

test('right passwords at once all get in, in their order, a few at a time', async () => {
  const { guard } = makeGuard();
  const many = beginMany(guard, repeat(100, '192.0.2.1', 'mario'));
  assert.equal(await many.endAll('succeeded'), 3);
  assert.equal(many.turns.filter(({ locked }) => locked).length, 0);
});

test('an office of many people gets in at once, and so does one account from many addresses', async () => {
  const office = beginMany(
    makeGuard().guard,
    Array.from({ length: 60 }, (_, i) => ['192.0.2.1', `user${i % 30}`] as const),
  );
  await office.endAll('succeeded');
  assert.equal(office.turns.filter(({ locked }) => locked).length, 0);

  const shared = beginMany(
    makeGuard().guard,
    Array.from({ length: 60 }, (_, i) => [`192.0.2.${i}`, 'ufficio'] as const),
  );
  await shared.endAll('succeeded');
  assert.equal(shared.turns.filter(({ locked }) => locked).length, 0);
});

test('nobody waits for ever, however tries end and whatever they wait for', async () => {
  for (const how of ['succeeded', 'failed', 'undecided'] as const) {
    const { guard } = makeGuard();
    const names = Array.from({ length: 99 }, (_, i) => [`192.0.2.${i % 4}`, `user${i % 3}`] as const);
    await beginMany(guard, names).endAll(how);
  }
});

test('a right password among wrong ones goes on counting the others', async () => {
  const { guard } = makeGuard();
  const turns = await Promise.all(
    repeat(3, '192.0.2.1', 'mario').map(([from, name]) => guard.begin(from, name)),
  );
  turns[0]?.succeeded();
  turns[1]?.failed();
  turns[2]?.failed();
  assert.ok(await fail(guard, '192.0.2.1', 'mario'));
  assert.equal(await isLocked(guard, '192.0.2.1', 'mario'), true);
});

test('a line has an end, and patience too', async () => {
  const { guard } = makeGuard({ lineLength: 2, lineMs: 20 });
  const many = beginMany(guard, repeat(6, '192.0.2.1', 'mario'));
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  assert.deepEqual(
    many.turns.map(({ locked }) => locked),
    [false, false, false, true],
    'three begin, two wait, one is too many',
  );
  // Its timers alone keep no process running.
  const patience = setInterval(() => undefined, 1000);
  await many.all.finally(() => clearInterval(patience));
  assert.equal(many.turns.filter(({ locked }) => locked).length, 3);
});

test('successes and outages do not count', async () => {
  const { guard } = makeGuard();
  for (let i = 0; i < 20; i++) {
    const turn = await guard.begin('192.0.2.1', 'mario');
    assert.equal(turn.locked, false);
    if (i % 2 === 0) turn.succeeded();
    else turn.undecided();
  }
});

test('memory is bounded: the oldest entries go first', async () => {
  const { guard } = makeGuard({ entries: 10, failuresPerAddress: 1000, failuresPerAccount: 1000 });
  for (let i = 0; i < 3; i++) await fail(guard, '192.0.2.1', 'mario');
  for (let i = 0; i < 10; i++) await fail(guard, '192.0.2.9', `user${i}`);
  assert.equal(await isLocked(guard, '192.0.2.1', 'mario'), false);
});
