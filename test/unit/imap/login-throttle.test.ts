import assert from 'node:assert/strict';
import { it } from 'node:test';
import { LoginThrottle } from '../../../src/imap/login-throttle.ts';

it('makes each further wrong password wait longer, and forgets after quiet', () => {
  let now = 0;
  const throttle = new LoginThrottle({ firstDelayMs: 100, mostDelayMs: 1000, clock: () => now });
  const delays = Array.from({ length: 6 }, () => throttle.noteFailure('10.0.0.1'));
  assert.deepEqual(delays, [100, 200, 400, 800, 1000, 1000]);
  assert.equal(throttle.noteFailure('10.0.0.2'), 100);
  now += 16 * 60_000;
  assert.equal(throttle.noteFailure('10.0.0.1'), 100);
});

it('remembers a bounded number of addresses', () => {
  const throttle = new LoginThrottle({ firstDelayMs: 100, mostDelayMs: 1000, clock: () => 0 });
  throttle.noteFailure('first');
  for (let index = 0; index < 10_000; index++) throttle.noteFailure(`${index}`);
  assert.equal(throttle.noteFailure('first'), 100);
});
