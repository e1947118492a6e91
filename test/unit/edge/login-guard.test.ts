import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLoginGuard } from '../../../src/edge/login-guard.ts';

const limits = {
  windowMs: 1000,
  failuresPerPair: 3,
  failuresPerAddress: 5,
  failuresPerAccount: 8,
  delayMs: 100,
  longestDelayMs: 800,
  entries: 1000,
};

function makeGuard(overrides: Partial<typeof limits> = {}) {
  const time = { now: 0 };
  return { time, guard: createLoginGuard(() => time.now, { ...limits, ...overrides }) };
}

test('each failure from an address makes the next answer slower, up to a limit', () => {
  const { guard } = makeGuard({ failuresPerAddress: 100, failuresPerPair: 100 });
  const delays = [1, 2, 3, 4, 5, 6].map((turn) => guard.begin('192.0.2.1', `user${turn}`).delayMs);
  assert.deepEqual(delays, [100, 200, 400, 800, 800, 800]);
});

test('address and account together lock, others stay free, and time unlocks', () => {
  const { guard, time } = makeGuard();
  for (let i = 0; i < 3; i++) assert.equal(guard.begin('192.0.2.1', 'mario').locked, false);
  assert.equal(guard.begin('192.0.2.1', 'MARIO').locked, true);
  assert.equal(guard.begin('192.0.2.1', 'anna').locked, false);
  assert.equal(guard.begin('192.0.2.2', 'mario').locked, false);
  time.now = 999;
  assert.equal(guard.begin('192.0.2.1', 'mario').locked, true);
  time.now = 2000;
  assert.equal(guard.begin('192.0.2.1', 'mario').locked, false);
});

test('an address that tries many names is locked', () => {
  const { guard } = makeGuard();
  for (let i = 0; i < 5; i++) assert.equal(guard.begin('2001:db8::1', `user${i}`).locked, false);
  assert.equal(guard.begin('2001:db8::ffff', 'another').locked, true);
});

test('an account attacked from everywhere locks, but not for addresses its owner used', () => {
  const { guard } = makeGuard();
  guard.begin('198.51.100.7', 'mario').succeeded();
  for (let i = 0; i < 8; i++) guard.begin(`192.0.2.${i}`, 'mario');
  assert.equal(guard.begin('203.0.113.1', 'mario').locked, true);
  assert.equal(guard.begin('198.51.100.7', 'mario').locked, false);
});

test('a try counts from its beginning: many at once gain nothing', () => {
  const { guard } = makeGuard();
  const tries = Array.from({ length: 10 }, () => guard.begin('192.0.2.1', 'mario'));
  assert.equal(tries.filter(({ locked }) => !locked).length, 3);
});

test('successes and outages do not count', () => {
  const { guard } = makeGuard();
  for (let i = 0; i < 20; i++) {
    const turn = guard.begin('192.0.2.1', 'mario');
    assert.equal(turn.locked, false);
    if (i % 2 === 0) turn.succeeded();
    else turn.undecided();
  }
});

test('memory is bounded: the oldest entries go first', () => {
  const { guard } = makeGuard({ entries: 10, failuresPerAddress: 1000, failuresPerAccount: 1000 });
  for (let i = 0; i < 3; i++) guard.begin('192.0.2.1', 'mario');
  for (let i = 0; i < 10; i++) guard.begin('192.0.2.9', `user${i}`);
  assert.equal(guard.begin('192.0.2.1', 'mario').locked, false);
});
