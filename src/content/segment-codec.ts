/**
 * A list of segments as the bytes of one column. Format 1: a version byte, then each segment as a kind byte
 * (0 inline, 1 range) and its fields; numbers are LEB128. Format 2: a version byte, then what follows it in format 1 as
 * a zlib stream (RFC 1950), which has a sum to check it by. Readers of later formats must go on reading these.
 */
import { deflateSync, inflateSync } from 'node:zlib';
import { concatBytes, fromLatin1, latin1 } from '../lib/bytes.ts';
import { type BlobRange, isInline, type Segment, type Segments, sizeOf } from '../lib/segments.ts';

const plainVersion = 1;
const packedVersion = 2;
/** Two pages of the database: of less only one would be saved, for a tenth of a millisecond. */
const worthPacking = 8192;
/** Harder work gains a twentieth. */
const packing = { level: 1 };
const inlineKind = 0;
const rangeKind = 1;

/** The list in format 1; inline bytes are copied, ranges cost about 45 bytes. */
export function encodeSegments(segments: Segments): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(plainVersion)];
  for (const segment of segments) {
    if (isInline(segment)) parts.push(encodeNumbers(inlineKind, segment.length), segment);
    else parts.push(...encodeRange(segment));
  }
  return concatBytes(parts);
}

/**
 * The list with inline neighbours joined. Of a large message, whose bytes are mostly in a blob, what stands around them is
 * packed when it is long: it names all recipients three times, and 50 receipts repeat it. A small message stands as it is.
 */
export function encodeJoined(segments: Segments): Uint8Array {
  const parts = listJoined(segments);
  if (segments.every(isInline) || sizeOf(parts) < worthPacking) {
    return concatBytes([Uint8Array.of(plainVersion), ...parts]);
  }
  return concatBytes([Uint8Array.of(packedVersion), deflateSync(concatBytes(parts), packing)]);
}

/** What follows the version byte of `encodeSegments(joinSegments(segments))`, nothing copied yet. */
function listJoined(segments: Segments): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let pending: Uint8Array[] = [];
  const flush = () => {
    if (pending.length > 0) parts.push(encodeNumbers(inlineKind, sizeOf(pending)), ...pending);
    pending = [];
  };
  for (const segment of segments) {
    if (segment.length === 0) continue;
    if (isInline(segment)) pending.push(segment);
    else {
      flush();
      parts.push(...encodeRange(segment));
    }
  }
  flush();
  return parts;
}

function encodeRange({ blob, offset, length }: BlobRange): Uint8Array[] {
  const name = fromLatin1(blob);
  return [encodeNumbers(rangeKind, name.length), name, encodeNumbers(offset, length)];
}

/**
 * The list that the bytes say; inline segments share memory, in format 1 that of `bytes`.
 * @throws {Error} when they are no list of these formats: the row is damaged or from a newer program.
 */
export function decodeSegments(bytes: Uint8Array): Segments {
  const version = new Reader(bytes).number();
  if (version === plainVersion) return decodeList(bytes.subarray(1));
  if (version === packedVersion) return decodeList(inflateSync(bytes.subarray(1)));
  throw new Error(`stored segments of format ${version} are not known`);
}

function decodeList(bytes: Uint8Array): Segments {
  const reader = new Reader(bytes);
  const segments: Segment[] = [];
  while (!reader.atEnd) {
    const kind = reader.number();
    if (kind === inlineKind) segments.push(reader.take(reader.number()));
    else if (kind === rangeKind) {
      const blob = latin1(reader.take(reader.number()));
      segments.push({ blob, offset: reader.number(), length: reader.number() });
    } else throw new Error(`a stored segment of kind ${kind} is not known`);
  }
  return segments;
}

function encodeNumbers(...values: readonly number[]): Uint8Array {
  const bytes: number[] = [];
  for (const value of values) {
    let rest = value;
    while (rest >= 0x80) {
      bytes.push((rest % 0x80) + 0x80);
      rest = Math.floor(rest / 0x80);
    }
    bytes.push(rest);
  }
  return Uint8Array.from(bytes);
}

class Reader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#position === this.#bytes.length;
  }

  number(): number {
    let value = 0;
    for (let factor = 1; factor < Number.MAX_SAFE_INTEGER; factor *= 0x80) {
      const byte = this.take(1)[0] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new Error('a number in stored segments is too long');
  }

  take(length: number): Uint8Array {
    const end = this.#position + length;
    if (end > this.#bytes.length) throw new Error('stored segments end early');
    const taken = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return taken;
  }
}
