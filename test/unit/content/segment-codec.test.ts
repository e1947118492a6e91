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

const line = Buffer.from('PD94bWwgdmVyc2lvbj0iMS4wIiBlbmNvZGluZz0iVVRGLTgiPz4K\r\n');
/** Long enough to be packed. */
const around = Buffer.concat(Array.from({ length: 200 }, () => line));

/** Buffers and arrays of the same bytes are the same. */
const plain = (segments: Segments) =>
  segments.map((one) => (one instanceof Uint8Array ? Array.from(one) : { ...one }));

/** What is read from the bytes, or `otherwise` when they are refused. */
function decodeOr(bytes: Uint8Array, otherwise: Segments): unknown {
  try {
    return plain(decodeSegments(bytes));
  } catch {
    return plain(otherwise);
  }
}

test('every list of segments comes back as it was', () => {
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 10 }), (segments) => {
      assert.deepEqual(plain(decodeSegments(encodeSegments(segments))), plain(segments));
    }),
  );
});

test('joined while it is encoded or before, it is the same', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(segment, fc.constant(around)), { maxLength: 10 }), (segments) => {
      assert.deepEqual(plain(decodeSegments(encodeJoined(segments))), plain(joinSegments(segments)));
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

test('what stands around the bytes of a large message is packed; a small message stands as it is', () => {
  const small = encodeJoined([around, line]);
  assert.deepEqual(small, encodeSegments([Buffer.concat([around, line])]));
  const large: Segments = [around, { blob: 'abcd', offset: 300, length: 40_000 }, line];
  const packed = encodeJoined(large);
  assert.ok(packed.length < around.length / 4);
  assert.deepEqual(plain(decodeSegments(packed)), plain(large));
  const short: Segments = [line, { blob: 'abcd', offset: 300, length: 40_000 }];
  assert.deepEqual(encodeJoined(short), encodeSegments(short));
});

test('a packed list written by the first version that packs is read for ever', () => {
  const stored = Buffer.from('0278016360f2c86464494c4a4e59c3f4829d8189970b00266c03f9', 'hex');
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
  assert.throws(() => decodeSegments(Uint8Array.of(3)), /format 3/);
  assert.throws(() => decodeSegments(Uint8Array.of(1, 9)), /kind 9/);
  assert.throws(
    () => decodeSegments(Uint8Array.of(1, ...Array.from({ length: 12 }, () => 0xff))),
    /too long/,
  );
  const list: Segments = [around, { blob: 'abcd', offset: 5, length: 6 }];
  const packed = encodeJoined(list);
  for (let at = 1; at < packed.length; at += 1) {
    assert.throws(() => decodeSegments(packed.subarray(0, at)));
    const damaged = Uint8Array.from(packed, (byte, index) => (index === at ? byte ^ 0x10 : byte));
    // Bits between the end of the packed bytes and their sum mean nothing.
    assert.deepEqual(decodeOr(damaged, list), plain(list), `at ${at}`);
  }
});
