import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { computeAvailability, type Outage } from '../../../src/message-log/availability.ts';
import {
  findFirstRun,
  listRuns,
  noteBeat,
  noteEnd,
  type ServiceRun,
  startHeartbeat,
} from '../../../src/message-log/service-runs.ts';
import { openStore, testEpoch } from '../../support/store.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const from = Date.UTC(2026, 0, 1);
const to = from + 120 * day;

const run = (beganAt: number, lastAt: number, ended = false, node = 'n1'): ServiceRun => ({
  node,
  beganAt,
  lastAt,
  ended,
});
const span = ({ from: begin, to: end, kind }: Outage) => [begin - from, end - from, kind];

describe('availability', () => {
  it('is what no node covered, with how each outage began', () => {
    const runs = [
      run(from - day, from + hour, true),
      run(from + 2 * hour, from + 10 * hour),
      run(from + 5 * hour, from + 6 * hour, true, 'n2'),
      run(from + 11 * hour, to + day),
    ];
    const found = computeAvailability({ runs, since: from - day, from, to, now: to + day });
    assert.deepEqual(found.outages.map(span), [
      [hour, 2 * hour, 'stop'],
      [10 * hour, 11 * hour, 'failure'],
    ]);
    assert.equal(found.longestOutageMs, hour);
    assert.equal(found.share, 1 - (2 * hour) / (120 * day));
    assert.equal(found.isEnough, true);
  });

  it('is not enough when one outage takes more than half of what 99.8 % leaves', () => {
    const limit = (120 * day * 0.002) / 2;
    const until = (length: number) =>
      computeAvailability({
        runs: [run(from, from + day), run(from + day + length, to)],
        since: from,
        from,
        to,
        now: to,
      });
    assert.ok(Math.abs(until(hour).outageLimitMs - limit) < 1);
    assert.deepEqual([until(2.8 * hour).isEnough, until(3 * hour).isEnough], [true, false]);
    assert.equal(until(3 * hour).outages[0]?.withinLimit, false);
  });

  it('is not enough when many short outages take more than 0.2 %', () => {
    const runs = Array.from({ length: 120 }, (_, index) =>
      run(from + index * day, from + (index + 1) * day - 4 * minute),
    );
    const found = computeAvailability({ runs, since: from, from, to, now: to });
    assert.equal(found.outages.length, 120);
    assert.ok(found.outages.every(({ withinLimit }) => withinLimit));
    assert.equal(found.isEnough, false);
  });

  it('measures neither the time before the first run nor the future', () => {
    const runs = [run(from + 10 * day, from + 20 * day)];
    const now = from + 20 * day + minute;
    const found = computeAvailability({ runs, since: from + 10 * day, from, to, now });
    assert.deepEqual([found.from, found.to], [from + 10 * day, now]);
    assert.deepEqual([found.outages.length, found.share], [0, 1]);
    const later = computeAvailability({ runs, since: from + 10 * day, from, to, now: now + hour });
    assert.deepEqual(later.outages.map(span), [[20 * day, 20 * day + minute + hour, 'failure']]);
  });

  it('counts an outage that goes on over the whole span, and nothing where there was no provider', () => {
    const runs = [run(from - 2 * day, from - day, true)];
    const found = computeAvailability({ runs, since: from - 2 * day, from, to, now: to });
    assert.deepEqual(found.outages.map(span), [[0, 120 * day, 'stop']]);
    assert.equal(found.share, 0);
    const none = computeAvailability({ runs: [], since: undefined, from, to, now: to });
    assert.deepEqual([none.outages, none.share, none.from === none.to], [[], 1, true]);
  });
});

describe('the record of runs', () => {
  it('moves a run on with each heartbeat, and begins another after a pause', async (t) => {
    const { db } = openStore(t);
    const beat = (at: number, beganAt?: number) =>
      db.transact((tx) => noteBeat(tx, { node: 'n1', beganAt, at }));
    const began = await beat(testEpoch);
    assert.equal(began, testEpoch);
    assert.equal(await beat(testEpoch + minute, began), began);
    assert.equal(await beat(testEpoch - hour, began), began, 'a clock that was set back');
    assert.equal(await beat(testEpoch + 10 * minute, began), testEpoch + 10 * minute);
    await db.transact((tx) =>
      noteEnd(tx, { node: 'n1', beganAt: testEpoch + 10 * minute, at: testEpoch + 11 * minute }),
    );
    const read = (begin: number, end: number) => db.read((tx) => listRuns(tx, { from: begin, to: end }));
    assert.deepEqual(await read(testEpoch, testEpoch + hour), [
      run(testEpoch, testEpoch + minute),
      run(testEpoch + 10 * minute, testEpoch + 11 * minute, true),
    ]);
    assert.deepEqual(
      (await read(testEpoch + hour, testEpoch + 2 * hour)).map(({ ended }) => ended),
      [true],
      'the last one before the span says how its outage began',
    );
    assert.equal(await db.read(findFirstRun), testEpoch);
  });

  it('is written by the heartbeat of a node until it is stopped', async (t) => {
    const { db, clock, time } = openStore(t);
    const failures: unknown[] = [];
    const heartbeat = startHeartbeat({ db, node: 'n7', clock, onError: (error) => failures.push(error) });
    const read = () => db.read((tx) => listRuns(tx, { from: 0, to: Number.MAX_SAFE_INTEGER }));
    while ((await read()).length === 0) await new Promise((resolve) => setImmediate(resolve));
    time.now += 30_000;
    await heartbeat.stop();
    assert.deepEqual(await read(), [run(testEpoch, testEpoch + 30_000, true, 'n7')]);
    assert.deepEqual(failures, []);
  });
});
