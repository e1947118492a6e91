/**
 * Blobs as files: written to a temporary name, flushed, renamed, and the folder flushed, so that a crash leaves
 * the whole blob or nothing. Names are random; files spread over 4,096 folders. Several processes may share
 * the folder.
 */
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type FileHandle, mkdir, open, opendir, readdir, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { hex } from '../lib/bytes.ts';
import { readFailure, writeFailure } from './blob-failure.ts';
import type { BlobEntry, BlobStore, ByteRange, StoredBlob } from './blob-store.ts';

export interface FsBlobStoreOptions {
  /** Made when missing. */
  readonly folder: string;
  /** Temporary files not written to for so long belong to a dead process; milliseconds, a day unless told. */
  readonly staleAfterMs?: number;
  /**
   * Reads hold up the thread instead of going through the pool of threads, which costs twice as much. For threads with
   * nothing else to do; left out, nothing is held up.
   */
  readonly blocking?: boolean;
}

const chunkSize = 65_536;
/** A thread that reads by itself lets others have their turn after so many bytes. */
const turnSize = 1_048_576;
/** Chunks are gathered to this size: fewer calls to the disk, memory still bounded. */
const writeSize = 262_144;
const blobName = /^[0-9a-f]{32}$/;

/**
 * Opens the store and removes temporary files that a dead process left.
 * @throws {MailError} `temporary` when the folder cannot be used.
 */
export async function openFsBlobStore(options: FsBlobStoreOptions): Promise<BlobStore> {
  const store = new FsBlobStore(options.folder, options.blocking === true);
  await store.prepare(options.staleAfterMs ?? 86_400_000);
  return store;
}

class FsBlobStore implements BlobStore {
  readonly #folder: string;
  readonly #temporary: string;
  readonly #blocking: boolean;
  /** Folders known to exist and to be durable. */
  readonly #made = new Map<string, Promise<void>>();

  constructor(folder: string, blocking: boolean) {
    this.#folder = folder;
    this.#blocking = blocking;
    this.#temporary = join(folder, 'tmp');
  }

  async prepare(staleAfterMs: number): Promise<void> {
    try {
      await mkdir(this.#temporary, { recursive: true, mode: 0o700 });
      await flushFolder(this.#folder);
      const staleBefore = Date.now() - staleAfterMs;
      for (const name of await readdir(this.#temporary)) {
        const path = join(this.#temporary, name);
        const status = await ignoreMissing(stat(path));
        if (status !== undefined && status.mtimeMs < staleBefore) await ignoreMissing(unlink(path));
      }
    } catch (error) {
      throw writeFailure(error);
    }
  }

  async put(source: AsyncIterable<Uint8Array>): Promise<StoredBlob> {
    const blob = hex(randomBytes(16));
    const temporary = join(this.#temporary, blob);
    const file = await open(temporary, 'wx', 0o600).catch((error: unknown) => {
      throw writeFailure(error);
    });
    try {
      const { size, sha256 } = await writeAll(file, source);
      await this.#makeDurable(file, temporary, blob);
      return { blob, size, sha256 };
    } catch (error) {
      await file.close().catch(() => undefined);
      await unlink(temporary).catch(() => undefined);
      throw error;
    }
  }

  async *get(blob: string, range?: ByteRange, passing?: 'passing'): AsyncGenerator<Uint8Array> {
    const file = await this.#openBlob(blob);
    try {
      const size = await file.size();
      const { offset, length } = range ?? { offset: 0, length: size };
      if (offset + length > size) throw readFailure(`blob ${blob} has ${size} bytes, not ${offset + length}`);
      let position = offset;
      const end = offset + length;
      let turnEnd = this.#blocking ? offset + turnSize : end;
      let buffer = Buffer.alloc(0);
      while (position < end) {
        if (position >= turnEnd) {
          await setImmediate();
          turnEnd += turnSize;
        }
        const wanted = Math.min(chunkSize, end - position);
        if (passing === undefined || buffer.length < wanted) buffer = Buffer.allocUnsafeSlow(wanted);
        const bytesRead = await readChunk(file, buffer.subarray(0, wanted), position);
        if (bytesRead === 0) throw readFailure(`blob ${blob} ended early`);
        position += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }

  async delete(blob: string): Promise<void> {
    if (!blobName.test(blob)) return;
    await ignoreMissing(unlink(this.#pathOf(blob))).catch((error: unknown) => {
      throw writeFailure(error);
    });
  }

  async *list(): AsyncGenerator<BlobEntry> {
    for await (const folder of walkShards(this.#folder)) {
      for (const blob of await readdir(folder)) {
        if (!blobName.test(blob)) continue;
        const status = await ignoreMissing(stat(join(folder, blob)));
        if (status !== undefined) yield { blob, size: status.size, storedAt: status.mtimeMs };
      }
    }
  }

  async #makeDurable(file: FileHandle, temporary: string, blob: string): Promise<void> {
    try {
      await file.sync();
      await file.close();
      const folder = this.#shardOf(blob);
      await this.#ensureShard(blob);
      await rename(temporary, join(folder, blob));
      await flushFolder(folder);
    } catch (error) {
      await unlink(this.#pathOf(blob)).catch(() => undefined);
      throw writeFailure(error);
    }
  }

  #ensureShard(blob: string): Promise<void> {
    const folder = this.#shardOf(blob);
    const known = this.#made.get(folder);
    if (known !== undefined) return known;
    const making = makeFolder(this.#folder, shardName(blob));
    this.#made.set(folder, making);
    making.catch(() => this.#made.delete(folder));
    return making;
  }

  async #openBlob(blob: string): Promise<OpenFile> {
    if (!blobName.test(blob)) throw readFailure(`${blob} is not a blob of this store`);
    try {
      const path = this.#pathOf(blob);
      return this.#blocking ? openHere(path) : await openElsewhere(path);
    } catch (error) {
      throw readFailure(`blob ${blob} cannot be opened`, error);
    }
  }

  #shardOf(blob: string): string {
    return join(this.#folder, shardName(blob));
  }

  #pathOf(blob: string): string {
    return join(this.#shardOf(blob), blob);
  }
}

/** What the source throws is passed on; what the disk throws is a write failure. */
async function writeAll(
  file: FileHandle,
  source: AsyncIterable<Uint8Array>,
): Promise<{ size: number; sha256: Uint8Array }> {
  const digest = createHash('sha256');
  // One buffer for all: garbage of the message's size would lie about until it is collected.
  const pending = Buffer.allocUnsafeSlow(writeSize);
  let pendingSize = 0;
  let size = 0;
  const flush = async () => {
    await writeBytes(file, pending.subarray(0, pendingSize));
    pendingSize = 0;
  };
  for await (const chunk of source) {
    digest.update(chunk);
    size += chunk.length;
    if (pendingSize + chunk.length > writeSize) await flush();
    if (chunk.length >= writeSize) await writeBytes(file, chunk);
    else {
      pending.set(chunk, pendingSize);
      pendingSize += chunk.length;
    }
  }
  await flush();
  return { size, sha256: digest.digest() };
}

async function writeBytes(file: FileHandle, bytes: Uint8Array): Promise<void> {
  try {
    for (let written = 0; written < bytes.length; ) {
      const { bytesWritten } = await file.write(bytes, written, bytes.length - written);
      if (bytesWritten === 0) throw new Error('the disk took no bytes');
      written += bytesWritten;
    }
  } catch (error) {
    throw writeFailure(error);
  }
}

/** A file open for reading, by this thread itself or through the pool of threads. */
interface OpenFile {
  size(): number | Promise<number>;
  read(buffer: Buffer, position: number): number | Promise<number>;
  close(): void | Promise<void>;
}

function openHere(path: string): OpenFile {
  const file = openSync(path, 'r');
  return {
    size: () => fstatSync(file).size,
    read: (buffer, position) => readSync(file, buffer, 0, buffer.length, position),
    close: () => closeSync(file),
  };
}

async function openElsewhere(path: string): Promise<OpenFile> {
  const file = await open(path, 'r');
  return {
    size: async () => (await file.stat()).size,
    read: async (buffer, position) => (await file.read(buffer, 0, buffer.length, position)).bytesRead,
    close: () => file.close(),
  };
}

async function readChunk(file: OpenFile, buffer: Buffer, position: number): Promise<number> {
  try {
    return await file.read(buffer, position);
  } catch (error) {
    throw readFailure('a blob cannot be read', error);
  }
}

const shard = /^[0-9a-f]{3}$/;

function shardName(blob: string): string {
  return blob.slice(0, 3);
}

async function* walkShards(folder: string): AsyncGenerator<string> {
  for await (const entry of await opendir(folder)) {
    if (entry.isDirectory() && shard.test(entry.name)) yield join(folder, entry.name);
  }
}

/** The folder's own name is durable only when its parent is flushed. */
async function makeFolder(parent: string, name: string): Promise<void> {
  await mkdir(join(parent, name), { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await flushFolder(parent);
}

async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function ignoreMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
