/** Files going into a backup or out of it, with their digests; durable when the promise resolves. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openNewFile, writeAll } from '../export/new-folder.ts';
import type { PriorBackup } from './backup-place.ts';
import type { ManifestFile } from './manifest.ts';

/** Writes a new file. When `source` throws nothing of it stays, and the error is passed on. */
export async function writeHashed(
  folder: string,
  path: string,
  source: AsyncIterable<Uint8Array>,
): Promise<ManifestFile> {
  const file = await openNewFile(join(folder, path));
  const digest = createHash('sha256');
  let size = 0;
  try {
    for await (const chunk of source) {
      digest.update(chunk);
      size += chunk.length;
      await writeAll(file, chunk);
    }
    await file.sync();
    await file.close();
  } catch (error) {
    await file.close().catch(() => undefined);
    await unlink(join(folder, path)).catch(() => undefined);
    throw error;
  }
  return { path, size, sha256: digest.digest('hex') };
}

/** Size and digest of a file as it is. */
export async function hashFile(folder: string, path: string): Promise<ManifestFile> {
  const digest = createHash('sha256');
  let size = 0;
  for await (const chunk of createReadStream(join(folder, path), { highWaterMark: 1 << 18 })) {
    digest.update(chunk as Buffer);
    size += (chunk as Buffer).length;
  }
  return { path, size, sha256: digest.digest('hex') };
}

/** A second name for a file; false where that cannot be: another file system, or one without hard links. */
export async function tryLink(from: string, to: string): Promise<boolean> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  try {
    await link(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw error;
    return false;
  }
}

/** The files of the earlier backup, by path. */
export class PriorFiles {
  readonly #folder: string | undefined;
  readonly #files: ReadonlyMap<string, ManifestFile>;

  constructor(prior: PriorBackup | undefined) {
    this.#folder = prior?.folder;
    this.#files = new Map(prior?.files.map((file) => [file.path, file]));
  }

  /** Takes a file over that never changes under its name; undefined when there is none, or it is not what it was. */
  async take(folder: string, path: string): Promise<ManifestFile | undefined> {
    const known = this.#files.get(path);
    if (known === undefined || this.#folder === undefined) return undefined;
    const from = join(this.#folder, path);
    const status = await stat(from).catch(() => undefined);
    if (status?.size !== known.size) return undefined;
    return (await tryLink(from, join(folder, path))) ? known : undefined;
  }
}

/** So many at a time, in no order. */
export async function eachAtOnce<T>(
  items: AsyncIterable<T> | Iterable<T>,
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const under = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  for await (const item of items) {
    if (failure !== undefined) break;
    const running = work(item)
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => under.delete(running));
    under.add(running);
    if (under.size >= width) await Promise.race(under);
  }
  await Promise.all(under);
  if (failure !== undefined) throw failure.error;
}
