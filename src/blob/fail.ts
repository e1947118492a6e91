/** A blob store that fails on demand, around a real one: for tests of everything above the bytes. */
import { readFailure, writeFailure } from './blob-failure.ts';
import type { BlobEntry, BlobStore, ByteRange, StoredBlob } from './blob-store.ts';

export type BlobFailure =
  /** The disk is full: the source is read, nothing is kept. */
  | 'put'
  /** The blob is missing. */
  | 'get'
  /** The bytes end in the middle of the range. */
  | 'get-middle'
  | 'delete';

export interface FailingBlobStore extends BlobStore {
  /** The next `times` uses fail so. */
  failNext(failure: BlobFailure, times?: number): void;
  /** Nothing fails any more. */
  heal(): void;
}

export function createFailingBlobStore(inner: BlobStore): FailingBlobStore {
  return new FailingAround(inner);
}

class FailingAround implements FailingBlobStore {
  readonly #inner: BlobStore;
  #failure: BlobFailure | undefined;
  #times = 0;

  constructor(inner: BlobStore) {
    this.#inner = inner;
  }

  failNext(failure: BlobFailure, times = 1): void {
    this.#failure = failure;
    this.#times = times;
  }

  heal(): void {
    this.#times = 0;
  }

  async put(source: AsyncIterable<Uint8Array>): Promise<StoredBlob> {
    if (!this.#takes('put')) return this.#inner.put(source);
    for await (const _chunk of source);
    throw writeFailure(new Error('ENOSPC: no space left on device'));
  }

  async *get(blob: string, range?: ByteRange, passing?: 'passing'): AsyncGenerator<Uint8Array> {
    if (this.#takes('get')) throw readFailure(`blob ${blob} is missing`);
    const broken = this.#takes('get-middle');
    for await (const chunk of this.#inner.get(blob, range, passing)) {
      if (broken) {
        yield chunk.subarray(0, chunk.length >> 1);
        throw readFailure(`blob ${blob} ended early`);
      }
      yield chunk;
    }
  }

  async delete(blob: string): Promise<void> {
    if (this.#takes('delete')) throw writeFailure(new Error('EIO: input/output error'));
    return this.#inner.delete(blob);
  }

  list(): AsyncIterable<BlobEntry> {
    return this.#inner.list();
  }

  #takes(failure: BlobFailure): boolean {
    if (this.#failure !== failure || this.#times === 0) return false;
    this.#times -= 1;
    return true;
  }
}
