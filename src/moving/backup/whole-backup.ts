/**
 * A backup of the whole provider while it runs: first a snapshot of the rows, consistent by itself, then the blobs that
 * it names, which never change, then the other files of the data folder. No blob is removed meanwhile. What comes out is
 * a data folder: it can be looked at with `pec log verify --data`, and a provider can be started on a copy of it.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import type { BlobStore } from '../../blob/blob-store.ts';
import { holdBlobs, releaseBlobs } from '../../content/blob-hold.ts';
import type { Database } from '../../db/database.ts';
import { MailError } from '../../lib/mail-error.ts';
import type { Clock } from '../../lib/time.ts';
import { PlaceError } from '../export/new-folder.ts';
import { beginBackup } from './backup-place.ts';
import { eachAtOnce, hashFile, PriorFiles, tryLink, writeHashed } from './copied-file.ts';
import { type ManifestFile, type ManifestHead, writeManifest } from './manifest.ts';

export const databaseName = 'pec.db';

export interface WholeBackupParts {
  readonly db: Database;
  readonly blobs: BlobStore;
  readonly dataFolder: string;
  readonly clock: Clock;
  /** Writes a consistent copy of the running database to a file that is not there yet. */
  readonly snapshot: (file: string) => Promise<void>;
  /** Opens such a copy to look at. */
  readonly openCopy: (file: string) => Database;
}

export interface WholeBackupOrder {
  readonly place: string;
  readonly head: Pick<ManifestHead, 'provider' | 'version'>;
  /** Second names for the blobs of the data folder instead of copies, where the file system allows. */
  readonly link: boolean;
  readonly onProgress: (done: number) => void;
}

export interface BackupResult {
  readonly folder: string;
  readonly files: number;
  readonly bytes: number;
  /** Written now; the others stand in the earlier backup too. */
  readonly copiedBytes: number;
  /** What could not be read, with the reason. */
  readonly missing: readonly string[];
  /** Earlier backups of the place that had broken off, by name. */
  readonly removed: readonly string[];
}

/** @throws {PlaceError} when the place cannot be used. */
export async function createWholeBackup(
  parts: WholeBackupParts,
  order: WholeBackupOrder,
): Promise<BackupResult> {
  if (isBelow(order.place, parts.dataFolder))
    throw new PlaceError(
      `${order.place} is in the data folder, which it is to save: name a place elsewhere.`,
    );
  const at = parts.clock();
  await using backup = await beginBackup(order.place, parts.clock, 'whole');
  const run = new WholeRun(parts, order, { folder: backup.folder, prior: new PriorFiles(backup.prior) });
  const hold = randomUUID();
  await parts.db.transact((tx) => holdBlobs(tx, hold, at + holdMs));
  try {
    await run.copyRows();
    await run.copyBlobs(() => parts.db.transact((tx) => holdBlobs(tx, hold, parts.clock() + holdMs)));
    await run.copyOtherFiles();
  } finally {
    await parts.db.transact((tx) => releaseBlobs(tx, hold));
  }
  const createdAt = new Date(at).toISOString();
  const head: ManifestHead = { format: 1, kind: 'whole', createdAt, ...order.head, missing: run.missing };
  await writeManifest(backup.folder, { head, files: run.files });
  return { ...run.result, removed: backup.removed, folder: await backup.finish() };
}

/** A backup that broke off holds up the removal of blobs for so long. */
const holdMs = 24 * 3_600_000;
/** Blobs between two renewals of the hold. */
const renewEvery = 10_000;
/** Enough to keep a disk busy while others wait for it. */
const filesAtOnce = 8;
const blobPage = 1000;

class WholeRun {
  readonly files: ManifestFile[] = [];
  readonly missing: string[] = [];
  #copiedBytes = 0;
  readonly #parts: WholeBackupParts;
  readonly #order: WholeBackupOrder;
  readonly #folder: string;
  readonly #prior: PriorFiles;

  constructor(
    parts: WholeBackupParts,
    order: WholeBackupOrder,
    { folder, prior }: { readonly folder: string; readonly prior: PriorFiles },
  ) {
    this.#parts = parts;
    this.#order = order;
    this.#folder = folder;
    this.#prior = prior;
  }

  get result(): Omit<BackupResult, 'folder' | 'removed'> {
    const bytes = this.files.reduce((sum, { size }) => sum + size, 0);
    return { files: this.files.length, bytes, copiedBytes: this.#copiedBytes, missing: this.missing };
  }

  async copyRows(): Promise<void> {
    await this.#parts.snapshot(join(this.#folder, databaseName));
    this.#add(await hashFile(this.#folder, databaseName), 'copied');
  }

  async copyBlobs(renew: () => Promise<void>): Promise<void> {
    const copy = this.#parts.openCopy(join(this.#folder, databaseName));
    let done = 0;
    try {
      await eachAtOnce(listBlobs(copy), filesAtOnce, async (blob) => {
        await this.#copyBlob(blob);
        done += 1;
        this.#order.onProgress(done);
        if (done % renewEvery === 0) await renew();
      });
    } finally {
      await copy.close();
    }
  }

  /** Index, revocation lists, sealed segments of the log: small, and never of use in parts. */
  async copyOtherFiles(): Promise<void> {
    for await (const path of walk(this.#parts.dataFolder, '')) {
      if (path === databaseName || path.startsWith(`${databaseName}-`) || path.startsWith('blobs/')) continue;
      const source = createReadStream(join(this.#parts.dataFolder, path));
      try {
        this.#add(await writeHashed(this.#folder, path, source), 'copied');
      } catch (error) {
        if (isFull(error)) throw error;
        this.missing.push(`${path}: ${reasonOf(error)}`);
      }
    }
  }

  async #copyBlob(blob: string): Promise<void> {
    const path = blobPath(blob);
    const known = await this.#prior.take(this.#folder, path);
    if (known !== undefined) return this.#add(known, 'known');
    try {
      if (this.#order.link && (await tryLink(join(this.#parts.dataFolder, path), join(this.#folder, path))))
        return this.#add(await hashFile(this.#folder, path), 'known');
      this.#add(await writeHashed(this.#folder, path, this.#parts.blobs.get(blob)), 'copied');
    } catch (error) {
      // The store of blobs tells its failures so; anything else is the place of the backup.
      if (!(error instanceof MailError)) throw error;
      this.missing.push(`${path}: ${reasonOf(error)}`);
    }
  }

  #add(file: ManifestFile, how: 'copied' | 'known'): void {
    this.files.push(file);
    if (how === 'copied') this.#copiedBytes += file.size;
  }
}

/** As the store of blobs in files has it, so that the backup is a data folder. */
export function blobPath(blob: string): string {
  return `blobs/${blob.slice(0, 3)}/${blob}`;
}

async function* listBlobs(copy: Database): AsyncGenerator<string> {
  for (let after = ''; ; ) {
    const rows = await copy.read((tx) =>
      tx.all<{ blob: string }>(
        'SELECT DISTINCT blob FROM content_blob WHERE blob > ? ORDER BY blob LIMIT ?',
        after,
        blobPage,
      ),
    );
    for (const { blob } of rows) yield blob;
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.blob;
  }
}

/** Files below the folder; what another process is just writing (`.new`) is left out. */
async function* walk(root: string, below: string): AsyncGenerator<string> {
  for await (const entry of await opendir(join(root, below))) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (path === 'blobs') continue;
    if (entry.isDirectory()) yield* walk(root, path);
    else if (entry.isFile() && !path.endsWith('.new') && (await isThere(join(root, path)))) yield path;
  }
}

/** True for the folder itself too. */
function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return !way.startsWith('..') && !isAbsolute(way);
}

async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

function isFull(error: unknown): boolean {
  return (
    error instanceof PlaceError ||
    ['ENOSPC', 'EDQUOT', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')
  );
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}
