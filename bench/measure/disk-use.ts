/** What a provider's data folder takes on disk, and where: as the disk counts it, whole blocks of files. */
import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Bytes. */
export interface DiskUse {
  /** Large messages. */
  readonly blobs: number;
  readonly database: number;
  /** What SQLite keeps beside the database: its log, and the index of that. */
  readonly databaseLog: number;
  /** Files of the sealed message log. */
  readonly sealedLog: number;
  /** Provider index, revocation lists. */
  readonly other: number;
}

export const noUse: DiskUse = { blobs: 0, database: 0, databaseLog: 0, sealedLog: 0, other: 0 };

/** Longer than the server waits before it empties SQLite's log, or looks for messages to index. */
const quietMs = 20_000;
const longestMs = 300_000;

/**
 * Resolves with what a server's folder takes when its files have stayed as they are for a while, so that what it does
 * after a message is done: the index of texts, SQLite's log.
 */
export async function settledDiskUse(folder: string): Promise<DiskUse> {
  const giveUpAt = performance.now() + longestMs;
  let seen = '';
  let since = performance.now();
  while (performance.now() - since < quietMs) {
    const now = JSON.stringify(listFiles(folder));
    if (now !== seen) since = performance.now();
    seen = now;
    if (performance.now() > giveUpAt) throw new Error(`${folder} does not come to rest`);
    await pause(500);
  }
  return diskUse(folder);
}

export function diskUse(folder: string): DiskUse {
  const use = { ...noUse };
  for (const { path, onDisk } of listFiles(folder)) use[kindOf(path)] += onDisk;
  return use;
}

export function sumUse(use: DiskUse): number {
  return Object.values(use).reduce((sum: number, bytes: number) => sum + bytes, 0);
}

/** What is more in `after`, by kind. What has become less is not set against it. */
export function subtractUse(after: DiskUse, before: DiskUse): DiskUse {
  const more = { ...after };
  for (const kind of Object.keys(noUse) as (keyof DiskUse)[])
    more[kind] = Math.max(0, after[kind] - before[kind]);
  return more;
}

function kindOf(path: string): keyof DiskUse {
  if (path.startsWith('blobs/')) return 'blobs';
  if (path.startsWith('log-segments/')) return 'sealedLog';
  if (path === 'pec.db') return 'database';
  return path.startsWith('pec.db-') ? 'databaseLog' : 'other';
}

interface File {
  readonly path: string;
  readonly onDisk: number;
  readonly changedMs: number;
}

function listFiles(folder: string): File[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    lookAt(folder, entry),
  );
}

/** Nothing for what is no file, or is gone since it was listed. */
function lookAt(folder: string, entry: Dirent): File[] {
  const whole = join(entry.parentPath, entry.name);
  const status = entry.isFile() ? statSync(whole, { throwIfNoEntry: false }) : undefined;
  if (status === undefined) return [];
  return [{ path: relative(folder, whole), onDisk: status.blocks * 512, changedMs: status.mtimeMs }];
}
