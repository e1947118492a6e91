/**
 * What was imported from where, so that another run takes only what is new. A message is known by folder, UIDVALIDITY and
 * UID (RFC 9051 §2.3.1.1); when the server has numbered a folder anew, by its bytes: each message with the same digest
 * takes over one entry of the old numbering, so that two equal messages stay two.
 */
import type { ReadTransaction, Transaction } from '../../db/database.ts';

export interface ImportedFrom {
  readonly mailboxId: number;
  readonly host: string;
  readonly user: string;
  /** The folder's path there. */
  readonly path: string;
}

export interface ImportedMessage {
  readonly uidValidity: number;
  readonly uid: number;
  readonly size: number;
  /** Of all its bytes. */
  readonly sha256: Uint8Array;
}

/**
 * The number under which the entries of this folder stand; made when there is none. Providers have several names for one
 * server: what the same user has in a folder of the same name goes on from there, and a server that is another one has
 * other numbers.
 */
export async function openImport(tx: Transaction, from: ImportedFrom): Promise<number> {
  const known = await tx.get<{ id: number }>(
    `SELECT id FROM import_folder WHERE mailbox_id = ? AND user_name = ? AND path = ?
      ORDER BY host <> ?, id LIMIT 1`,
    from.mailboxId,
    from.user,
    from.path,
    from.host,
  );
  if (known !== undefined) return known.id;
  const row = await tx.get<{ id: number }>(
    'INSERT INTO import_folder (mailbox_id, host, user_name, path) VALUES (?, ?, ?, ?) RETURNING id',
    from.mailboxId,
    from.host,
    from.user,
    from.path,
  );
  if (row === undefined) throw new Error('INSERT INTO import_folder returned no row');
  return row.id;
}

/** UIDs of this numbering that are here already. */
export async function listImported(
  tx: ReadTransaction,
  importId: number,
  uidValidity: number,
): Promise<Set<number>> {
  const rows = await tx.all<{ uid: number }>(
    'SELECT uid FROM import_message WHERE import_id = ? AND uid_validity = ?',
    importId,
    uidValidity,
  );
  return new Set(rows.map(({ uid }) => uid));
}

/** True when the same bytes came under an older numbering: the entry stands for this message from now on. */
export async function claimImported(
  tx: Transaction,
  importId: number,
  message: ImportedMessage,
): Promise<boolean> {
  const old = await tx.get<{ uid_validity: number; uid: number }>(
    `SELECT uid_validity, uid FROM import_message
      WHERE import_id = ? AND sha256 = ? AND size = ? AND uid_validity <> ? ORDER BY uid LIMIT 1`,
    importId,
    message.sha256,
    message.size,
    message.uidValidity,
  );
  if (old === undefined) return false;
  await tx.run(
    'UPDATE import_message SET uid_validity = ?, uid = ? WHERE import_id = ? AND uid_validity = ? AND uid = ?',
    message.uidValidity,
    message.uid,
    importId,
    old.uid_validity,
    old.uid,
  );
  return true;
}

/** False when another run has just taken the message. */
export async function noteImported(
  tx: Transaction,
  importId: number,
  { uidValidity, uid, size, sha256 }: ImportedMessage,
): Promise<boolean> {
  const { changes } = await tx.run(
    `INSERT INTO import_message (import_id, uid_validity, uid, size, sha256) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
    importId,
    uidValidity,
    uid,
    size,
    sha256,
  );
  return changes > 0;
}

/** A numbering of a folder there. */
export interface Numbering {
  readonly importId: number;
  readonly uidValidity: number;
}

/** Where a message that was imported stands here. */
export interface ImportedPlace {
  /** There. */
  readonly uid: number;
  readonly folderId: number;
  readonly localUid: number;
  /** There, when they were looked at last. */
  readonly flags: readonly string[];
}

/** Notes where the message stands, and the flags it has there. */
export async function notePlace(
  tx: Transaction,
  { importId, uidValidity }: Numbering,
  { uid, folderId, localUid, flags }: ImportedPlace,
): Promise<void> {
  await tx.run(
    `UPDATE import_message SET folder_id = ?, local_uid = ?, flags = ?
      WHERE import_id = ? AND uid_validity = ? AND uid = ?`,
    folderId,
    localUid,
    [...flags].sort().join(' '),
    importId,
    uidValidity,
    uid,
  );
}

/** Those from `first` to `last` of which it is known where they stand, by UID there. */
export async function listPlaces(
  tx: ReadTransaction,
  { importId, uidValidity }: Numbering,
  { first, last }: { readonly first: number; readonly last: number },
): Promise<Map<number, ImportedPlace>> {
  const rows = await tx.all<{ uid: number; folder_id: number; local_uid: number; flags: string }>(
    `SELECT uid, folder_id, local_uid, flags FROM import_message
      WHERE import_id = ? AND uid_validity = ? AND uid BETWEEN ? AND ? AND local_uid IS NOT NULL`,
    importId,
    uidValidity,
    first,
    last,
  );
  return new Map(
    rows.map(({ uid, folder_id: folderId, local_uid: localUid, flags }) => [
      uid,
      { uid, folderId, localUid, flags: flags.split(' ').filter((flag) => flag !== '') },
    ]),
  );
}
