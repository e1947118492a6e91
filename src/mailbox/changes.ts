/** What changed in a folder since a modseq: flags and new messages, and what vanished (RFC 7162 §3.2). */
import type { ReadTransaction, Transaction } from '../db/database.ts';
import { type FolderRow, requireFolder } from './folder-rows.ts';
import type { FolderChanges } from './mail-store.ts';
import { type MessageRow, tidyRanges, toRecord } from './message-rows.ts';

const pageSize = 2000;
/** In the order of the index, so that a page costs what is in it, however long the folder. */
const changedSql = `SELECT uid, modseq, flags, keywords, size, internal_date, saved_at, content_id, message_id FROM message
  WHERE folder_id = ? AND (modseq, uid) > (?, ?) ORDER BY modseq, uid LIMIT ${pageSize}`;

/** @throws {StoreError} `nonexistent` */
export async function readChanges(
  tx: ReadTransaction,
  folderId: number,
  since: number,
): Promise<FolderChanges> {
  const folder = await requireFolder(tx, folderId);
  const { highest_modseq: highestModseq, uid_next: uidNext } = folder;
  if (since >= highestModseq) return { highestModseq, uidNext, changed: [], vanished: [] };
  const changed = await readChanged(tx, folderId, since);
  const vanished =
    since < folder.vanished_since ? await readMissing(tx, folder) : await readVanished(tx, folderId, since);
  return { highestModseq, uidNext, changed: changed.map(toRecord), vanished };
}

async function readChanged(tx: ReadTransaction, folderId: number, since: number): Promise<MessageRow[]> {
  const rows: MessageRow[] = [];
  let last = { modseq: since, uid: Number.MAX_SAFE_INTEGER };
  while (true) {
    const page = await tx.all<MessageRow>(changedSql, folderId, last.modseq, last.uid);
    for (const row of page) rows.push(row);
    last = page.at(-1) ?? last;
    if (page.length < pageSize) return rows.sort((a, b) => a.uid - b.uid);
  }
}

async function readVanished(tx: ReadTransaction, folderId: number, since: number): Promise<number[]> {
  const rows = await tx.all<{ first_uid: number; last_uid: number }>(
    'SELECT first_uid, last_uid FROM vanished WHERE folder_id = ? AND modseq > ?',
    folderId,
    since,
  );
  const uids: number[] = [];
  for (const [first, last] of tidyRanges(rows.map((row) => [row.first_uid, row.last_uid] as const))) {
    for (let uid = first; uid <= last; uid += 1) uids.push(uid);
  }
  return uids;
}

/** Tombstones that old are gone: every UID without a message is told, as RFC 7162 §3.2.5.2 allows. */
async function readMissing(tx: ReadTransaction, folder: FolderRow): Promise<number[]> {
  const present = await tx.all<{ uid: number }>(
    'SELECT uid FROM message WHERE folder_id = ? ORDER BY uid',
    folder.id,
  );
  const missing: number[] = [];
  let next = 1;
  for (const { uid } of [...present, { uid: folder.uid_next }]) {
    for (; next < uid; next += 1) missing.push(next);
    next = uid + 1;
  }
  return missing;
}

/** Tombstones of one folder that are kept; older ones are told as {@link readMissing} does. */
const keptTombstones = 20_000;

/**
 * Forgets the oldest tombstones of folders that have very many. Returns the number of folders changed.
 * Harmless at any time: clients that were away that long are told a little more than they need.
 */
export async function pruneTombstones(tx: Transaction, kept: number = keptTombstones): Promise<number> {
  const folders = await tx.all<{ folder_id: number }>(
    'SELECT folder_id FROM vanished GROUP BY folder_id HAVING COUNT(*) > ?',
    kept,
  );
  for (const { folder_id: folderId } of folders) {
    const oldest = await tx.get<{ modseq: number }>(
      'SELECT modseq FROM vanished WHERE folder_id = ? ORDER BY modseq DESC LIMIT 1 OFFSET ?',
      folderId,
      kept,
    );
    if (oldest === undefined) continue;
    await tx.run('DELETE FROM vanished WHERE folder_id = ? AND modseq <= ?', folderId, oldest.modseq);
    await tx.run('UPDATE folder SET vanished_since = ? WHERE id = ?', oldest.modseq, folderId);
  }
  return folders.length;
}
