/**
 * A stored message that is known to be readable: it was read once, whole, before anything of it is written anywhere. So
 * a damaged one is found before it could spoil an archive.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { BlobStore } from '../../blob/blob-store.ts';
import { readSegments } from '../../blob/read-segments.ts';
import { loadContent } from '../../content/content.ts';
import type { Database } from '../../db/database.ts';
import { concatBytes } from '../../lib/bytes.ts';
import { MailError } from '../../lib/mail-error.ts';
import type { Segments } from '../../lib/segments.ts';

export interface ReadableMessage {
  readonly size: number;
  /** Of all bytes: 32 bytes. */
  readonly sha256: Uint8Array;
  /** Of all bytes, as ZIP has it. */
  readonly crc32: number;
  /** @throws {DamagedMessage} when the disk changes its mind. */
  chunks(): AsyncIterable<Uint8Array>;
}

export class DamagedMessage extends Error {
  constructor(reason: string, cause: unknown) {
    super(reason, { cause });
    this.name = 'DamagedMessage';
  }
}

export interface ContentStores {
  readonly db: Database;
  readonly blobs: BlobStore;
}

/** Up to this size a message is read once and held; a larger one is read twice. */
const heldBytes = 8 * 1024 * 1024;

/** @throws {DamagedMessage} */
export async function openMessage(
  { db, blobs }: ContentStores,
  { contentId, size }: { readonly contentId: number; readonly size: number },
): Promise<ReadableMessage> {
  const segments = await guard(() => db.read(async (tx) => (await loadContent(tx, contentId)).segments));
  const held: Uint8Array[] = [];
  const digest = createHash('sha256');
  let crc = 0;
  let read = 0;
  for await (const chunk of readGuarded(blobs, segments)) {
    digest.update(chunk);
    crc = crc32(chunk, crc);
    read += chunk.length;
    if (size <= heldBytes) held.push(chunk);
  }
  if (read !== size) throw new DamagedMessage(`${read} bytes are there, ${size} should be`, undefined);
  const whole = size <= heldBytes ? concatBytes(held) : undefined;
  return {
    size,
    sha256: digest.digest(),
    crc32: crc,
    chunks: () => (whole === undefined ? readGuarded(blobs, segments) : once(whole)),
  };
}

async function* readGuarded(blobs: BlobStore, segments: Segments): AsyncGenerator<Uint8Array> {
  try {
    yield* readSegments(blobs, segments);
  } catch (error) {
    throw damaged(error);
  }
}

async function guard<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw damaged(error);
  }
}

/** The public text says nothing about the disk; its cause does. */
function damaged(error: unknown): DamagedMessage {
  const cause = error instanceof MailError && error.cause instanceof Error ? error.cause : error;
  return new DamagedMessage(cause instanceof Error ? cause.message : String(cause), error);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}
