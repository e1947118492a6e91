import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatByteCount, parseByteCount } from '../../../src/cli/byte-count.ts';

test('sizes as people write them', () => {
  const sizes = {
    '0': 0,
    '1048576': 1_048_576,
    '500M': 524_288_000,
    '2G': 2_147_483_648,
    '1.5 GiB': 1_610_612_736,
  };
  for (const [text, bytes] of Object.entries(sizes)) assert.equal(parseByteCount(text), bytes, text);
  for (const text of ['', 'G', '-1', '1X', '1 2', '1e3', '0x10'])
    assert.throws(() => parseByteCount(text), /500M/, text);
});

test('sizes as people read them', () => {
  assert.deepEqual([0, 1023, 1024, 1_610_612_736].map(formatByteCount), [
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.5 GiB',
  ]);
});
