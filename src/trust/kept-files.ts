/**
 * Documents that were fetched, one file each, so that a restart without a network knows what was known before.
 * A crash leaves the old document or the new one, never half.
 */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { open, readFile, rename, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Instant } from '../lib/time.ts';

export interface KeptDocument {
  readonly bytes: Uint8Array;
  readonly fetchedAt: Instant;
}

export interface KeptFiles {
  /** Undefined when there is none. */
  load(key: string): Promise<KeptDocument | undefined>;
  /** Durable when it resolves. */
  save(key: string, document: KeptDocument): Promise<void>;
}

/** `extension` with its dot. Makes the folder if it is missing. */
export function openKeptFiles(folder: string, extension: string): KeptFiles {
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  // Keys are addresses and hashes; a file name made of a hash holds either.
  const pathOf = (key: string) =>
    join(folder, `${createHash('sha256').update(key).digest('hex').slice(0, 32)}${extension}`);
  return {
    load: (key) => loadFile(pathOf(key)),
    save: (key, document) => saveFile(folder, pathOf(key), document),
  };
}

async function loadFile(path: string): Promise<KeptDocument | undefined> {
  try {
    const [bytes, { mtimeMs }] = await Promise.all([readFile(path), stat(path)]);
    return { bytes, fetchedAt: Math.round(mtimeMs) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The time of the file is the time of the fetch. */
async function saveFile(folder: string, path: string, { bytes, fetchedAt }: KeptDocument): Promise<void> {
  const temporary = `${path}.new`;
  {
    await using file = await open(temporary, 'w', 0o640);
    await file.writeFile(bytes);
    await file.sync();
  }
  await utimes(temporary, fetchedAt / 1000, fetchedAt / 1000);
  await rename(temporary, path);
  await using handle = await open(folder, 'r');
  await handle.sync();
}
