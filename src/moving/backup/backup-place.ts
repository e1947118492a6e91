/**
 * A place of backups: a folder with one folder for each backup, named by its time. Each is whole by itself; files that an
 * earlier one has already are hard links to it, so that they cost no room and any backup can be removed.
 */
import { mkdir, open, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Instant } from '../../lib/time.ts';
import { PlaceError } from '../export/new-folder.ts';
import { BackupError, type Manifest, manifestName, readManifest } from './manifest.ts';

const nameOfBackup = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(?:\.\d+)?Z$/;
/** The name of a backup that is not finished: another program's, or one that broke off. */
const unfinished = '.unfinished';

export interface PriorBackup extends Manifest {
  readonly folder: string;
}

export interface OpenBackup {
  /** To be filled. */
  readonly folder: string;
  /** The newest finished backup of the place of the same kind, if there is one. */
  readonly prior: PriorBackup | undefined;
  /** Gives it its name: from now on it counts. Its folder then. */
  finish(): Promise<string>;
}

/** @throws {PlaceError} when the folder cannot be used. */
export async function beginBackup(
  place: string,
  at: Instant,
  kind: 'whole' | 'mailboxes',
): Promise<OpenBackup> {
  const name = new Date(at)
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
  return {
    folder,
    prior: await findPrior(place, kind),
    finish: async () => {
      await rename(folder, final);
      await flushFolder(place);
      return final;
    },
  };
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
