import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  countOf,
  formatRanges,
  includes,
  intersect,
  normalizeRanges,
  type Ranges,
  rangesOf,
  subtract,
  unite,
  valuesOf,
  windowsOf,
} from '../../../src/imap/number-ranges.ts';

const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 60 })).map((list) => list.sort((a, b) => a - b));
const list = (ranges: Ranges) => [...valuesOf(ranges)];

describe('ranges behave as the sets they stand for', () => {
  it('holds for the algebra', () => {
    fc.assert(
      fc.property(numbers, numbers, (one, other) => {
        const [a, b] = [rangesOf(one), rangesOf(other)];
        assert.deepEqual(list(a), one);
        assert.equal(countOf(a), one.length);
        assert.deepEqual(
          list(intersect(a, b)),
          one.filter((value) => other.includes(value)),
        );
        assert.deepEqual(
          list(subtract(a, b)),
          one.filter((value) => !other.includes(value)),
        );
        assert.deepEqual(
          list(unite(a, b)),
          [...new Set([...one, ...other])].sort((x, y) => x - y),
        );
        for (let value = 0; value <= 61; value++) assert.equal(includes(a, value), one.includes(value));
      }),
    );
  });

  it('holds for windows', () => {
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 9 }), (values, most) => {
        const windows = [...windowsOf(rangesOf(values), most)].map(list);
        assert.deepEqual(windows.flat(), values);
        for (const window of windows.slice(0, -1)) assert.equal(window.length, most);
      }),
    );
  });

  it('normalizes anything', () => {
    const pair = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 9 }));
    fc.assert(
      fc.property(fc.array(pair), (pairs) => {
        const ranges = pairs.map(([first, length]) => [first, first + length] as const);
        const wanted = [...new Set(ranges.flatMap((range) => list([range])))].sort((a, b) => a - b);
        assert.deepEqual(list(normalizeRanges(ranges)), wanted);
        assert.deepEqual(normalizeRanges(ranges), rangesOf(wanted));
      }),
    );
  });

  it('is written as the wire wants it', () => {
    assert.equal(formatRanges(rangesOf([1, 2, 3, 7, 9, 10])), '1:3,7,9:10');
    assert.equal(formatRanges([]), '');
  });
});
