/**
 * A place of backups: a folder with one folder for each backup, named by its time. Each is whole by itself; files that an
 * earlier one has already are hard links to it, so that they cost no room and any backup can be removed.
 */
import { mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../lib/time.ts';
import { PlaceError } from '../export/new-folder.ts';
import { BackupError, type Manifest, manifestName, readManifest } from './manifest.ts';

const nameOfBackup = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(?:\.\d+)?Z$/;
/** The name of a backup that is not finished: another program's, or one that broke off. */
const unfinished = '.unfinished';
/** The name of one that is being removed: whoever was still writing it finds it gone. */
const removing = '.removing';
/** How often a backup that is being written says that it is, by the time of its folder. */
const beatMs = 60_000;
/** One that has said nothing for so long has broken off. */
const silenceMs = 12 * 3_600_000;

export interface PriorBackup extends Manifest {
  readonly folder: string;
}

/** What is not finished when it is disposed of is removed. */
export interface OpenBackup extends AsyncDisposable {
  /** To be filled. */
  readonly folder: string;
  /** Backups of the place that had broken off and were removed. */
  readonly removed: readonly string[];
  /** The newest finished backup of the place of the same kind, if there is one. */
  readonly prior: PriorBackup | undefined;
  /** Gives it its name: from now on it counts. Its folder then. */
  finish(): Promise<string>;
}

/** @throws {PlaceError} when the folder cannot be used. */
export async function beginBackup(
  place: string,
  clock: Clock,
  kind: 'whole' | 'mailboxes',
): Promise<OpenBackup> {
  const name = new Date(clock())
    .toISOString()
    .replaceAll(':', '-')
    .replace(/\.000Z$/, 'Z');
  const final = join(place, name);
  const folder = `${final}${unfinished}`;
  try {
    await mkdir(place, { recursive: true, mode: 0o700 });
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    throw new PlaceError(`There cannot be a backup in ${place} (${code}).`, error);
  }
  const removed = await removeBrokenOff(place, clock() - silenceMs);
  const beat = setInterval(() => {
    utimes(folder, clock() / 1000, clock() / 1000).catch(() => undefined);
  }, beatMs).unref();
  let finished = false;
  return {
    folder,
    removed,
    prior: await findPrior(place, kind),
    finish: async () => {
      await rename(folder, final);
      finished = true;
      await flushFolder(place);
      return final;
    },
    [Symbol.asyncDispose]: async () => {
      clearInterval(beat);
      if (!finished) await remove(place, `${name}${unfinished}`);
    },
  };
}

/** Those of which nothing was heard since; one that cannot be removed stays. */
async function removeBrokenOff(place: string, since: number): Promise<string[]> {
  const removed: string[] = [];
  for (const entry of await readdir(place, { withFileTypes: true })) {
    const [, name = '', end = ''] = /^(.*)(\.unfinished|\.removing)$/.exec(entry.name) ?? [];
    if (!entry.isDirectory() || !nameOfBackup.test(name)) continue;
    const at = await stat(join(place, entry.name)).catch(() => undefined);
    const isLeft = end === removing || (at !== undefined && at.mtimeMs < since);
    if (isLeft && (await remove(place, entry.name))) removed.push(entry.name);
  }
  return removed;
}

async function remove(place: string, name: string): Promise<boolean> {
  const going = join(place, `${name.slice(0, name.lastIndexOf('.'))}${removing}`);
  try {
    if (!name.endsWith(removing)) await rename(join(place, name), going);
    await rm(going, { recursive: true });
    return true;
  } catch {
    return false;
  }
}

/** Newest first. */
export async function listBackups(place: string): Promise<string[]> {
  const names = await readdir(place).catch(() => []);
  return names
    .filter((name) => nameOfBackup.test(name))
    .sort()
    .reverse();
}

/** The folder itself when it is a backup, else the newest of the place. @throws {BackupError} */
export async function findBackup(folder: string): Promise<string> {
  if (await exists(join(folder, manifestName))) return folder;
  const [newest] = await listBackups(folder);
  if (newest === undefined) throw new BackupError(`There is no backup in ${folder}.`);
  return join(folder, newest);
}

async function findPrior(place: string, kind: string): Promise<PriorBackup | undefined> {
  for (const name of await listBackups(place)) {
    const folder = join(place, name);
    // One that is damaged is passed over, and its files are copied anew.
    const manifest = await readManifest(folder).catch(() => undefined);
    if (manifest?.head.kind === kind) return { ...manifest, folder };
  }
  return undefined;
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

async function flushFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync();
}
