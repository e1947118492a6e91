import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lastLimit, type NextTimeout, nextTimeout, type TimeoutState } from '../../../src/pec/timeouts.ts';

const hour = 3_600_000;
const acceptedAt = 1_795_000_000_000;
const at = (hours: number) => acceptedAt + hours * hour;
const ask = (state: Partial<TimeoutState> & { now: number }) => nextTimeout({ acceptedAt, ...state });
const due = (hours: 12 | 24): NextTimeout => ({ kind: 'due', hours });
const wait = (instant: number): NextTimeout => ({ kind: 'wait', at: instant });

test('nothing heard: 12 h, then 24 h between 22 and 24 hours', () => {
  assert.deepEqual(ask({ now: at(0) }), wait(at(12)));
  assert.deepEqual(ask({ now: at(12) - 1 }), wait(at(12)));
  assert.deepEqual(ask({ now: at(12) }), due(12));
  const noticed = { notice12At: at(12) };
  assert.deepEqual(ask({ ...noticed, now: at(22) }), wait(acceptedAt + lastLimit));
  assert.deepEqual(ask({ ...noticed, now: acceptedAt + lastLimit }), due(24));
  assert.ok(lastLimit >= 22 * hour && lastLimit < 24 * hour);
  assert.deepEqual(ask({ ...noticed, notice24At: at(23.9), now: at(30) }), { kind: 'closed' });
});

test('taken in charge within 12 h, never delivered: only the 24 h notice', () => {
  const taken = { takenInChargeAt: at(11.9) };
  assert.deepEqual(ask({ ...taken, now: at(12) }), wait(acceptedAt + lastLimit));
  assert.deepEqual(ask({ ...taken, now: at(24) }), due(24));
});

test('not taken in charge, delivered between 12 h and 24 h: only the 12 h notice', () => {
  assert.deepEqual(ask({ now: at(12.1) }), due(12));
  assert.deepEqual(ask({ notice12At: at(12.1), closedAt: at(15), now: at(24) }), { kind: 'closed' });
});

test('a take-in-charge after 12 h does not take back the first notice', () => {
  assert.deepEqual(ask({ takenInChargeAt: at(13), now: at(14) }), due(12));
});

test('delivered in time: nothing', () => {
  assert.deepEqual(ask({ closedAt: at(0.1), now: at(12) }), { kind: 'closed' });
});

test('after a long outage both notices are due, one after the other', () => {
  assert.deepEqual(ask({ now: at(40) }), due(12));
  assert.deepEqual(ask({ notice12At: at(40), now: at(40) }), due(24));
});

test('following the answers gives each notice at most once and ends', () => {
  const instants = fc.option(fc.integer({ min: 0, max: 30 * hour }), { nil: undefined });
  fc.assert(
    fc.property(instants, instants, fc.integer({ min: 0, max: 60 * hour }), (taken, closed, start) => {
      let now = acceptedAt + start;
      let notice12At: number | undefined;
      let notice24At: number | undefined;
      const heard = (offset: number | undefined) =>
        offset !== undefined && acceptedAt + offset <= now ? acceptedAt + offset : undefined;
      for (let step = 0; step < 10; step++) {
        const next = nextTimeout({
          acceptedAt,
          takenInChargeAt: heard(taken),
          closedAt: heard(closed),
          notice12At,
          notice24At,
          now,
        });
        if (next.kind === 'closed') return;
        if (next.kind === 'wait') {
          assert.ok(next.at > now);
          now = next.at;
        } else if (next.hours === 12) {
          assert.equal(notice12At, undefined);
          notice12At = now;
        } else {
          assert.ok(now >= at(22));
          notice24At = now;
        }
      }
      assert.fail('never closed');
    }),
  );
});
