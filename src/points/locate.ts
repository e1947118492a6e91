/** Where an enclosed message stands in the message around it, told from the segments alone. */
import { indexOfBytes } from '../lib/bytes.ts';
import { type BlobRange, isInline, type Segment, type Segments, sizeOf } from '../lib/segments.ts';

export interface Place {
  /** First byte. */
  readonly start: number;
  /** First byte after it. */
  readonly end: number;
}

/**
 * The place of `part` in `whole`, which holds its bytes once.
 * @throws {Error} when it does not: whoever composed `whole` has changed bytes, and must not go on.
 */
export function locate(whole: Segments, part: Segments): Place {
  const size = sizeOf(part);
  const index = part.findIndex((segment) => !isInline(segment));
  const start =
    index === -1
      ? findBytes(whole, Buffer.concat(part as readonly Uint8Array[]))
      : findRange(whole, part[index] as BlobRange) - sizeOf(part.slice(0, index));
  if (start < 0) throw new Error('The composed message does not hold the original unchanged');
  return { start, end: start + size };
}

function findRange(whole: Segments, wanted: BlobRange): number {
  let position = 0;
  for (const segment of whole) {
    if (isSameRange(segment, wanted)) return position;
    position += segment.length;
  }
  return Number.NEGATIVE_INFINITY;
}

function isSameRange(segment: Segment, wanted: BlobRange): boolean {
  return (
    !isInline(segment) &&
    segment.blob === wanted.blob &&
    segment.offset === wanted.offset &&
    segment.length === wanted.length
  );
}

function findBytes(whole: Segments, wanted: Buffer): number {
  if (!whole.every(isInline)) return Number.NEGATIVE_INFINITY;
  // Mostly it lies within one segment; joining them first would copy everything.
  let position = 0;
  for (const segment of whole) {
    const found = indexOfBytes(segment, wanted);
    if (found >= 0) return position + found;
    position += segment.length;
  }
  return Buffer.concat(whole).indexOf(wanted);
}
