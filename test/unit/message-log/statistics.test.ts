import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Durations } from '../../../src/lib/durations.ts';
import { collectStatistics } from '../../../src/message-log/statistics.ts';
import { issueEveryKind } from '../../support/issued-receipts.ts';
import { workday } from '../../support/point-parts.ts';
import { openSealedLog, writeMessages } from '../../support/sealed-log.ts';

test('the figures of a period are those of what happened in it', async (t) => {
  const points = await issueEveryKind(t);
  const { db } = points;
  const read = collectStatistics.bind(undefined, (fn) => db.read(fn));
  const all = await read({ from: workday, to: points.clock() + 1 });
  const { timeToTakeInCharge, timeToDelivery, ...counts } = all;
  assert.deepEqual(counts, {
    accepted: 5,
    takenInCharge: 5,
    takeInChargeReceipts: 5,
    refused: 1,
    virusesOut: 1,
    virusesIn: 1,
    delivered: 4,
    notDelivered: 3,
  });
  // Three messages of ours to a mailbox here; for those of others there was no acceptance here.
  assert.deepEqual([timeToTakeInCharge.count, timeToDelivery.count], [3, 3]);
  assert.equal(timeToDelivery.percentile(1), 0);
  const before = await read({ from: workday - 1000, to: workday });
  assert.deepEqual([before.accepted, before.delivered], [0, 0]);
});

test('percentiles have two digits, and are never too low', () => {
  const durations = new Durations();
  for (let ms = 1; ms <= 10_000; ms++) durations.add(ms);
  assert.equal(durations.count, 10_000);
  assert.equal(durations.percentile(0.5), 5000);
  assert.equal(durations.percentile(0.99), 9900);
  assert.equal(durations.percentile(1), 10_000);
  assert.equal(durations.percentile(0.00001), 1);
  durations.add(123_456);
  durations.add(-5);
  assert.equal(durations.percentile(1), 130_000);
  assert.equal(durations.percentile(0), 0);
  assert.equal(new Durations().percentile(0.5), undefined);
});

test('messages in are those a receipt was issued for; what stays here is counted besides', async (t) => {
  const { db, time } = openSealedLog(t);
  await writeMessages({ db }, { at: time.now, count: 4 });
  const period = { from: time.now, to: time.now + 60_000 };
  const { takenInCharge, takeInChargeReceipts } = await collectStatistics((fn) => db.read(fn), period);
  assert.deepEqual([takenInCharge, takeInChargeReceipts], [4, 0]);
});
