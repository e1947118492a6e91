import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createBusyGauge } from '../../../src/lib/busy-gauge.ts';

test('a loop that works is busy, one that waits is not, each time since it was last asked', async () => {
  const isBusy = createBusyGauge(0.5);
  await pause(30);
  assert.equal(isBusy(), false);
  const until = performance.now() + 30;
  while (performance.now() < until) JSON.stringify(process.versions);
  assert.equal(isBusy(), true);
  await pause(60);
  assert.equal(isBusy(), false);
});
