import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromLatin1 } from '../../../src/lib/bytes.ts';
import { blobsOf, joinSegments, type Segment, sizeOf, sliceSegments } from '../../../src/lib/segments.ts';

const inline = (text: string): Segment => fromLatin1(text);
const range = (blob: string, offset: number, length: number): Segment => ({ blob, offset, length });
const show = (segments: readonly Segment[]): unknown[] =>
  segments.map((segment) =>
    segment instanceof Uint8Array ? Buffer.from(segment).toString('latin1') : segment,
  );

const message = [inline('head'), range('b1', 10, 100), inline('tail'), range('b2', 0, 5)];

test('the size is the sum of all segments', () => {
  assert.equal(sizeOf(message), 113);
  assert.equal(sizeOf([]), 0);
});

test('a slice cuts inside inline bytes and inside a blob', () => {
  assert.deepEqual(show(sliceSegments(message, 2, 6)), ['ad', { blob: 'b1', offset: 10, length: 2 }]);
  assert.deepEqual(show(sliceSegments(message, 100, 106)), [{ blob: 'b1', offset: 106, length: 4 }, 'ta']);
});

test('a slice beyond the list is clamped', () => {
  assert.deepEqual(show(sliceSegments(message, 110, 1000)), [{ blob: 'b2', offset: 2, length: 3 }]);
  assert.deepEqual(sliceSegments(message, 113, 200), []);
  assert.deepEqual(sliceSegments(message, 5, 5), []);
});

test('joining merges neighbours and drops empty segments', () => {
  const joined = joinSegments([
    inline('a'),
    inline(''),
    inline('b'),
    range('x', 0, 0),
    inline('c'),
    range('x', 1, 2),
  ]);
  assert.deepEqual(show(joined), ['abc', { blob: 'x', offset: 1, length: 2 }]);
});

test('each blob is named once', () => {
  assert.deepEqual(blobsOf([...message, range('b1', 0, 1)]), ['b1', 'b2']);
});
