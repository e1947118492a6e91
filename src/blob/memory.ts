/** Blobs in memory, for tests: the same promises but for durability. */
import { createHash } from 'node:crypto';
import { concatBytes } from '../lib/bytes.ts';
import { readFailure } from './blob-failure.ts';
import type { BlobEntry, BlobStore, ByteRange, StoredBlob } from './blob-store.ts';

const chunkSize = 65_536;

export class MemoryBlobStore implements BlobStore {
  readonly #blobs = new Map<string, { bytes: Uint8Array; storedAt: number }>();
  readonly #clock: () => number;
  #count = 0;

  constructor(clock: () => number = Date.now) {
    this.#clock = clock;
  }

  async put(source: AsyncIterable<Uint8Array>): Promise<StoredBlob> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of source) chunks.push(Uint8Array.from(chunk));
    const bytes = concatBytes(chunks);
    this.#count += 1;
    const blob = `memory-${this.#count}`;
    this.#blobs.set(blob, { bytes, storedAt: this.#clock() });
    return { blob, size: bytes.length, sha256: createHash('sha256').update(bytes).digest() };
  }

  async *get(blob: string, range?: ByteRange): AsyncGenerator<Uint8Array> {
    const stored = this.#blobs.get(blob);
    if (stored === undefined) throw readFailure(`blob ${blob} is missing`);
    const { offset, length } = range ?? { offset: 0, length: stored.bytes.length };
    if (offset + length > stored.bytes.length) throw readFailure(`blob ${blob} is shorter than the range`);
    for (let at = offset; at < offset + length; at += chunkSize) {
      yield stored.bytes.subarray(at, Math.min(at + chunkSize, offset + length));
    }
  }

  async delete(blob: string): Promise<void> {
    this.#blobs.delete(blob);
  }

  async *list(): AsyncGenerator<BlobEntry> {
    for (const [blob, { bytes, storedAt }] of [...this.#blobs]) {
      yield { blob, size: bytes.length, storedAt };
    }
  }
}
