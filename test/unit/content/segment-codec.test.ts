import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeSegments, encodeJoined, encodeSegments } from '../../../src/content/segment-codec.ts';
import { joinSegments, type Segment, type Segments } from '../../../src/lib/segments.ts';

const offset = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const segment: fc.Arbitrary<Segment> = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.record({ blob: fc.stringMatching(/^[0-9a-f]{1,40}$/), offset, length: offset }),
);

/** Buffers and arrays of the same bytes are the same. */
const plain = (segments: Segments) =>
  segments.map((one) => (one instanceof Uint8Array ? Array.from(one) : { ...one }));

test('every list of segments comes back as it was', () => {
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 10 }), (segments) => {
      assert.deepEqual(plain(decodeSegments(encodeSegments(segments))), plain(segments));
    }),
  );
});

test('joined while it is encoded or before, it is the same', () => {
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 10 }), (segments) => {
      assert.deepEqual(encodeJoined(segments), encodeSegments(joinSegments(segments)));
    }),
  );
});

test('the format is fixed: a list written by the first version is read for ever', () => {
  const stored = Buffer.from('0100024869010461626364ac02e80700020d0a', 'hex');
  assert.deepEqual(plain(decodeSegments(stored)), [
    [72, 105],
    { blob: 'abcd', offset: 300, length: 1000 },
    [13, 10],
  ]);
});

test('damaged bytes are refused, never read as something else', () => {
  const whole = encodeSegments([Uint8Array.of(1, 2, 3), { blob: 'abcd', offset: 5, length: 6 }]);
  assert.throws(() => decodeSegments(whole.subarray(0, whole.length - 1)), /end early/);
  assert.throws(() => decodeSegments(Uint8Array.of()), /end early/);
  assert.throws(() => decodeSegments(Uint8Array.of(2)), /format 2/);
  assert.throws(() => decodeSegments(Uint8Array.of(1, 9)), /kind 9/);
  assert.throws(
    () => decodeSegments(Uint8Array.of(1, ...Array.from({ length: 12 }, () => 0xff))),
    /too long/,
  );
});
