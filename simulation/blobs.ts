/**
 * `BlobStore` over a simulated disk: bytes are durable when `put` resolves and not an event earlier. When a process
 * dies, what it was writing is there whole under its name, or not at all; what it had just removed may be there again.
 */
import { hash } from 'node:crypto';
import { readFailure, writeFailure } from '../src/blob/blob-failure.ts';
import type { BlobEntry, BlobStore, ByteRange, StoredBlob } from '../src/blob/blob-store.ts';
import { concatBytes } from '../src/lib/bytes.ts';
import type { Random } from './random.ts';
import type { Life, Scheduler } from './scheduler.ts';

interface Kept {
  readonly bytes: Uint8Array;
  readonly storedAt: number;
}

/** What survives processes. */
export class BlobDisk {
  readonly kept = new Map<string, Kept>();
  /** Written or removed, and not flushed yet: each is there after a crash, or is not. */
  readonly unsynced = new Map<string, Kept>();
  made = 0;

  /** A crash decides what becomes of everything that was not flushed; how many were lost or came again. */
  crash(random: Random): number {
    const count = this.unsynced.size;
    for (const [blob, kept] of this.unsynced)
      if (random.chance(0.5)) this.kept.set(blob, kept);
      else this.kept.delete(blob);
    this.unsynced.clear();
    return count;
  }
}

export interface SimulatedBlobsOptions {
  readonly disk: BlobDisk;
  readonly scheduler: Scheduler;
  readonly life: Life;
  readonly random: Random;
  readonly isFull: () => boolean;
  /** True while the disk says that it has flushed and has not. */
  readonly lies: () => boolean;
}

const chunkSize = 65_536;

export class SimulatedBlobs implements BlobStore {
  readonly #options: SimulatedBlobsOptions;

  constructor(options: SimulatedBlobsOptions) {
    this.#options = options;
  }

  async put(source: AsyncIterable<Uint8Array>): Promise<StoredBlob> {
    const { disk, isFull, scheduler } = this.#options;
    const chunks: Uint8Array[] = [];
    for await (const chunk of source) {
      chunks.push(new Uint8Array(chunk));
      await this.#wait('write', 0.5);
      if (isFull()) throw writeFailure(new Error('ENOSPC: no space left on device'));
    }
    const bytes = concatBytes(chunks);
    disk.made += 1;
    const blob = `b${disk.made}`;
    const kept = { bytes, storedAt: scheduler.now };
    disk.unsynced.set(blob, kept);
    await this.#wait('flush', 8);
    if (!this.#options.lies()) disk.unsynced.delete(blob);
    if (isFull()) throw writeFailure(new Error('ENOSPC: no space left on device'));
    disk.kept.set(blob, kept);
    await this.#wait('flushed', 0.5);
    return { blob, size: bytes.length, sha256: hash('sha256', bytes, 'buffer') };
  }

  async *get(blob: string, range?: ByteRange): AsyncGenerator<Uint8Array> {
    await this.#wait('open', 0.5);
    const kept = this.#options.disk.kept.get(blob);
    if (kept === undefined) throw readFailure(`blob ${blob} is missing`);
    const { offset, length } = range ?? { offset: 0, length: kept.bytes.length };
    if (offset + length > kept.bytes.length) throw readFailure(`blob ${blob} is shorter than the range`);
    for (let at = offset; at < offset + length; at += chunkSize)
      yield kept.bytes.subarray(at, Math.min(at + chunkSize, offset + length));
  }

  async delete(blob: string): Promise<void> {
    const { disk } = this.#options;
    const kept = disk.kept.get(blob);
    if (kept === undefined) return;
    disk.kept.delete(blob);
    disk.unsynced.set(blob, kept);
    await this.#wait('unlink', 2);
    disk.unsynced.delete(blob);
  }

  async *list(): AsyncGenerator<BlobEntry> {
    await this.#wait('list', 2);
    for (const [blob, { bytes, storedAt }] of [...this.#options.disk.kept])
      yield { blob, size: bytes.length, storedAt };
  }

  #wait(what: string, longest: number): Promise<void> {
    const { scheduler, life, random } = this.#options;
    return scheduler.wait(random.fraction() * longest, life, what);
  }
}
