/**
 * Reading what a list of segments stands for, and making such lists from streams. Inline bytes come as they
 * are, blob ranges in the store's chunks; memory holds one chunk whatever the size.
 */
import { createHash, hash } from 'node:crypto';
import { concatBytes } from '../lib/bytes.ts';
import { type BlobRange, isInline, type Segments, sizeOf, sliceSegments } from '../lib/segments.ts';
import type { BlobStore, ByteRange } from './blob-store.ts';

/** Bytes up to this size stay in the row that lists them; larger ones go to a blob. */
export const defaultInlineLimit = 32_768;

/** All bytes in order, or those of the range (bytes beyond the end are left out, as `subarray` does). */
export async function* readSegments(
  blobs: BlobStore,
  segments: Segments,
  range?: ByteRange,
): AsyncGenerator<Uint8Array> {
  const wanted =
    range === undefined ? segments : sliceSegments(segments, range.offset, range.offset + range.length);
  for (const segment of wanted) {
    if (segment.length === 0) continue;
    if (isInline(segment)) yield segment;
    else yield* blobs.get(segment.blob, rangeOf(segment));
  }
}

function rangeOf({ offset, length }: BlobRange): ByteRange {
  return { offset, length };
}

/** The digest of all bytes: 20 bytes for SHA-1, 32 for SHA-256. */
export async function hashSegments(
  blobs: BlobStore,
  segments: Segments,
  algorithm: 'sha1' | 'sha256',
): Promise<Uint8Array> {
  const [first] = segments;
  if (segments.length === 1 && first !== undefined && isInline(first))
    return hash(algorithm, first, 'buffer');
  const digest = createHash(algorithm);
  for (const segment of segments) {
    if (isInline(segment)) digest.update(segment);
    else for await (const chunk of blobs.get(segment.blob, rangeOf(segment), 'passing')) digest.update(chunk);
  }
  return digest.digest();
}

/**
 * All bytes in one array.
 * @throws {RangeError} when they are more than `limit`; nothing is read then.
 */
export async function collectSegments(
  blobs: BlobStore,
  segments: Segments,
  limit: number,
): Promise<Uint8Array> {
  const size = sizeOf(segments);
  if (size > limit) throw new RangeError(`${size} bytes are more than the ${limit} asked for`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of readSegments(blobs, segments)) chunks.push(chunk);
  return concatBytes(chunks);
}

export interface Spooled {
  /** One inline segment when the bytes are few (none when there are none), else one blob, durable. */
  readonly segments: Segments;
  readonly size: number;
  /** SHA-256 of all bytes. */
  readonly sha256: Uint8Array;
}

/**
 * Takes all of `source`: at most `inlineLimit` bytes stay inline, more go to a blob. If `source` throws, nothing
 * is kept and the error is passed on.
 * @throws {MailError} `temporary` when the bytes cannot be made durable.
 */
export async function spool(
  blobs: BlobStore,
  source: AsyncIterable<Uint8Array>,
  inlineLimit: number = defaultInlineLimit,
): Promise<Spooled> {
  const iterator = source[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  let size = 0;
  while (size <= inlineLimit) {
    const next = await iterator.next();
    if (next.done === true) return spoolInline(concatBytes(held));
    held.push(next.value);
    size += next.value.length;
  }
  const stored = await blobs.put(resume(held, iterator));
  const whole = { blob: stored.blob, offset: 0, length: stored.size };
  return { segments: [whole], size: stored.size, sha256: stored.sha256 };
}

function spoolInline(bytes: Uint8Array): Spooled {
  return {
    segments: bytes.length === 0 ? [] : [bytes],
    size: bytes.length,
    sha256: hash('sha256', bytes, 'buffer'),
  };
}

async function* resume(
  held: readonly Uint8Array[],
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let ended = false;
  try {
    yield* held;
    while (true) {
      const next = await iterator.next().catch((error: unknown) => {
        ended = true;
        throw error;
      });
      if (next.done === true) {
        ended = true;
        return;
      }
      yield next.value;
    }
  } finally {
    // A store that stops early must release the source.
    if (!ended) await iterator.return?.();
  }
}
