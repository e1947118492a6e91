/**
 * The folder's row: UIDs and modseqs are drawn from it and its counters change with its messages, so that
 * STATUS never counts. Only inside a write transaction is a row read here still true when it is written.
 */
import type { ReadTransaction, Transaction } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';
import { inbox } from './folder-name.ts';
import type { Folder, FolderStatus } from './mail-store.ts';
import { noFolder } from './store-error.ts';

export interface FolderRow {
  id: number;
  mailbox_id: number;
  name: string;
  special_use: string | null;
  uid_validity: number;
  uid_next: number;
  highest_modseq: number;
  first_recent: number;
  vanished_since: number;
  messages: number;
  unseen: number;
  deleted: number;
  recent: number;
  size: number;
}

/** What one change adds to the counters; negative for what goes. */
export interface FolderDelta {
  readonly messages: number;
  readonly unseen: number;
  readonly deleted: number;
  readonly recent: number;
  readonly size: number;
}

export interface FolderAdvance {
  readonly modseq: number;
  readonly uidNext: number;
  readonly delta: FolderDelta;
}

/** Made with each mailbox; the names are what mail programs look for first (RFC 6154 §2). */
const firstFolders: readonly (readonly [name: string, specialUse: string | null])[] = [
  [inbox, null],
  ['Sent', '\\Sent'],
  ['Drafts', '\\Drafts'],
  ['Trash', '\\Trash'],
  ['Junk', '\\Junk'],
  ['Archive', '\\Archive'],
];

const selectFolder = 'SELECT * FROM folder';

/** @throws {StoreError} `nonexistent` */
export async function requireFolder(tx: ReadTransaction, id: number): Promise<FolderRow> {
  const row = await tx.get<FolderRow>(`${selectFolder} WHERE id = ?`, id);
  if (row === undefined) throw noFolder();
  return row;
}

/** By its stored name. */
export function findFolderRow(
  tx: ReadTransaction,
  mailboxId: number,
  name: string,
): Promise<FolderRow | undefined> {
  return tx.get<FolderRow>(`${selectFolder} WHERE mailbox_id = ? AND name = ?`, mailboxId, name);
}

/** By name. */
export function listFolderRows(tx: ReadTransaction, mailboxId: number): Promise<FolderRow[]> {
  return tx.all<FolderRow>(`${selectFolder} WHERE mailbox_id = ? ORDER BY name`, mailboxId);
}

/** Makes what a mailbox begins with, if it has no inbox yet; harmless when done before. */
export async function ensureFirstFolders(tx: Transaction, mailboxId: number, at: Instant): Promise<void> {
  if ((await findFolderRow(tx, mailboxId, inbox)) !== undefined) return;
  for (const [name, specialUse] of firstFolders) {
    await insertFolder(tx, { mailboxId, name, specialUse, at });
    await tx.run('INSERT INTO subscription (mailbox_id, name) VALUES (?, ?)', mailboxId, name);
  }
}

export interface NewFolder {
  readonly mailboxId: number;
  readonly name: string;
  readonly specialUse: string | null;
  readonly at: Instant;
}

/** A new folder's UIDVALIDITY is one the mailbox never gave before, whatever was removed (RFC 9051 §2.3.1.1). */
export async function insertFolder(tx: Transaction, folder: NewFolder): Promise<FolderRow> {
  const seconds = Math.floor(folder.at / 1000);
  const drawn = await tx.get<{ validity: number }>(
    `INSERT INTO mailbox_use (mailbox_id, last_uid_validity) VALUES (?, ?)
       ON CONFLICT (mailbox_id) DO UPDATE SET last_uid_validity =
         CASE WHEN mailbox_use.last_uid_validity >= excluded.last_uid_validity
              THEN mailbox_use.last_uid_validity + 1 ELSE excluded.last_uid_validity END
       RETURNING last_uid_validity AS validity`,
    folder.mailboxId,
    seconds,
  );
  const row = await tx.get<FolderRow>(
    `INSERT INTO folder (mailbox_id, name, special_use, uid_validity, created_at) VALUES (?, ?, ?, ?, ?)
       RETURNING *`,
    folder.mailboxId,
    folder.name,
    folder.specialUse,
    drawn?.validity ?? seconds,
    folder.at,
  );
  if (row === undefined) throw new Error('INSERT INTO folder returned no row');
  return row;
}

/** Writes the folder's new modseq, next UID and counters. */
export async function advanceFolder(tx: Transaction, id: number, advance: FolderAdvance): Promise<void> {
  const { messages, unseen, deleted, recent, size } = advance.delta;
  await tx.run(
    `UPDATE folder SET highest_modseq = ?, uid_next = ?, messages = messages + ?, unseen = unseen + ?,
       deleted = deleted + ?, recent = recent + ?, size = size + ? WHERE id = ?`,
    advance.modseq,
    advance.uidNext,
    messages,
    unseen,
    deleted,
    recent,
    size,
    id,
  );
}

export function toFolder(row: FolderRow, subscribed: boolean): Folder {
  return {
    id: row.id,
    mailboxId: row.mailbox_id,
    name: row.name,
    specialUse: row.special_use ?? undefined,
    uidValidity: row.uid_validity,
    subscribed,
    objectId: `F${row.id}`,
  };
}

export function toStatus(row: FolderRow): FolderStatus {
  return {
    messages: row.messages,
    unseen: row.unseen,
    deleted: row.deleted,
    recent: row.recent,
    size: row.size,
    uidNext: row.uid_next,
    uidValidity: row.uid_validity,
    highestModseq: row.highest_modseq,
  };
}
