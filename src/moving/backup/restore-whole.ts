/** A whole backup into an empty data folder, every file checked on its way. */
import { createReadStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '../../db/database.ts';
import { takeEmptyFolder } from '../export/new-folder.ts';
import { eachAtOnce, writeHashed } from './copied-file.ts';
import { BackupError, type ManifestFile, readManifest } from './manifest.ts';
import { largestUid, skippedNumbers } from './numbers.ts';
import { databaseName } from './whole-backup.ts';

export interface RestoreParts {
  readonly dataFolder: string;
  /** Opens the rows of a data folder, brought up to this program's schema. */
  readonly openRows: (dataFolder: string) => Promise<Database>;
}

export interface WholeRestoreResult {
  readonly files: number;
  readonly bytes: number;
  /** Files that are not what was backed up; those of blobs are restored as they are. */
  readonly damaged: readonly string[];
}

const filesAtOnce = 4;

/**
 * The database gets its name last: a restoration that broke off leaves no provider that could be started.
 * @throws {BackupError} when it is no whole backup, or its rows are damaged. @throws {PlaceError}
 */
export async function restoreWhole(
  parts: RestoreParts,
  folder: string,
  onProgress: (done: number, total: number) => void,
): Promise<WholeRestoreResult> {
  const { head, files } = await readManifest(folder);
  if (head.kind !== 'whole')
    throw new BackupError(`${folder} holds some mailboxes only: name them with --mailbox or --domain.`);
  await takeEmptyFolder(parts.dataFolder);
  const rows = files.find(({ path }) => path === databaseName);
  if (rows === undefined) throw new BackupError(`${folder} has no ${databaseName}.`);
  if ((await copyOut(folder, parts.dataFolder, rows)) === 'damaged')
    throw new BackupError(`The ${databaseName} of ${folder} is damaged: take another backup.`);
  const damaged: string[] = [];
  let done = 1;
  await eachAtOnce(
    files.filter((file) => file !== rows),
    filesAtOnce,
    async (file) => {
      const outcome = await copyOut(folder, parts.dataFolder, file);
      if (outcome === 'damaged') damaged.push(file.path);
      done += 1;
      onProgress(done, files.length);
    },
  );
  await makeNumbersNew(parts);
  return { files: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0), damaged };
}

async function copyOut(from: string, to: string, file: ManifestFile): Promise<'good' | 'damaged'> {
  const target = file.path === databaseName ? `${rowsFolder}/${databaseName}` : file.path;
  try {
    const written = await writeHashed(to, target, createReadStream(join(from, file.path)));
    return written.sha256 === file.sha256 ? 'good' : 'damaged';
  } catch (error) {
    if (isMissing(error)) return 'damaged';
    throw error;
  }
}

/** Where the rows stand until they are ready: without `pec.db` in its place no provider starts on what is half there. */
const rowsFolder = 'restoring';

/** UIDVALIDITY stays, so nobody fetches everything again; UIDs go on beyond the gap, and everything counts as changed. */
async function makeNumbersNew({ dataFolder, openRows }: RestoreParts): Promise<void> {
  const folder = join(dataFolder, rowsFolder);
  const db = await openRows(folder);
  try {
    await db.transact(async (tx) => {
      await tx.run(
        `UPDATE folder SET
           uid_next = CASE WHEN uid_next < ? THEN uid_next + ? ELSE uid_next END,
           highest_modseq = highest_modseq + ?, vanished_since = highest_modseq + ?`,
        ...[largestUid - skippedNumbers, skippedNumbers, skippedNumbers, skippedNumbers],
      );
      await tx.run('DELETE FROM vanished');
      await tx.run(
        'UPDATE message SET modseq = (SELECT highest_modseq FROM folder WHERE id = message.folder_id)',
      );
      await tx.run('DELETE FROM blob_hold');
    });
  } finally {
    await db.close();
  }
  await rename(join(folder, databaseName), join(dataFolder, databaseName));
  await rm(folder, { recursive: true });
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
