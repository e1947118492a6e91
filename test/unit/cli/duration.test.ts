import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDuration, parseDuration } from '../../../src/cli/duration.ts';

test('durations are read as people write them', () => {
  const hour = 3_600_000;
  const read = ['13h', '90m', '1d12h', '45s', '2d', '1d2h3m4s', ' 5m '].map(parseDuration);
  assert.deepEqual(read, [13 * hour, 1.5 * hour, 36 * hour, 45_000, 48 * hour, 93_784_000, 300_000]);
  for (const text of ['', '13', 'h', '-1h', '1h2d', '1.5h', '0h', '13 h', '999999h', '1w'])
    assert.throws(() => parseDuration(text), /such as 13h/, text);
});

test('and written back', () => {
  for (const text of ['13h', '1d12h', '1h30m', '45s', '1d2h3m4s'])
    assert.equal(formatDuration(parseDuration(text)), text);
  assert.deepEqual([formatDuration(0), formatDuration(999), formatDuration(61_500)], ['0s', '0s', '1m1s']);
});
