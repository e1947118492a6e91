/**
 * Emptying removed mailboxes, some time after the removal so that a mistake can be seen. One folder a
 * transaction; a crash in the middle leaves a mailbox that the next call goes on with. The message log is not
 * touched.
 */
import { listToEmpty, markEmptied } from '../accounts/removed-mailboxes.ts';
import type { Database } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';
import { listFolderRows } from './folder-rows.ts';
import { removeFolderRow } from './folders.ts';
import { removeThreads } from './threads.ts';

export interface EmptyingOptions {
  readonly at: Instant;
  /** How long messages stay after the mailbox was removed, milliseconds. */
  readonly keptForMs: number;
  /** Most mailboxes in this call; 100 unless told. */
  readonly limit?: number;
}

/** Empties what is due; the number of mailboxes emptied. Contents go with the next sweep. */
export async function emptyRemovedMailboxes(db: Database, options: EmptyingOptions): Promise<number> {
  const { at, keptForMs, limit = 100 } = options;
  const due = await db.read((tx) => listToEmpty(tx, at - keptForMs, limit));
  for (const mailboxId of due) {
    const folders = await db.read((tx) => listFolderRows(tx, mailboxId));
    for (const folder of folders) await db.transact((tx) => removeFolderRow(tx, folder));
    await db.transact(async (tx) => {
      await tx.run('DELETE FROM subscription WHERE mailbox_id = ?', mailboxId);
      await removeThreads(tx, mailboxId);
      await tx.run('DELETE FROM import_folder WHERE mailbox_id = ?', mailboxId);
      await tx.run('DELETE FROM mailbox_use WHERE mailbox_id = ?', mailboxId);
      await markEmptied(tx, mailboxId, at);
    });
  }
  return due.length;
}
