/** The brief form of a stored original (RFC 6109 §3.3.2.2): its files replaced by their hashes. */
import type { BlobStore } from '../blob/blob-store.ts';
import { hashSegments, readSegments } from '../blob/read-segments.ts';
import { hex } from '../lib/bytes.ts';
import { type Segments, sliceSegments } from '../lib/segments.ts';
import { PartScanner } from '../mime/part-scanner.ts';
import { buildBriefOriginal, planBriefOriginal } from '../pec/brief-original.ts';

/** Reads the original twice, in chunks; the same original and algorithm give the same bytes. */
export async function shortenOriginal(
  blobs: BlobStore,
  original: Segments,
  algorithm: 'sha1' | 'sha256',
): Promise<Segments> {
  const scanner = new PartScanner();
  for await (const chunk of readSegments(blobs, original)) scanner.push(chunk);
  const plan = planBriefOriginal(scanner.end());
  const hashes: string[] = [];
  for (const range of plan.ranges) {
    const bytes = sliceSegments(original, range.start, range.end);
    hashes.push(hex(await hashSegments(blobs, bytes, algorithm)));
  }
  return buildBriefOriginal(original, plan, hashes);
}
