/** Folders as one login sees them: its mailbox's own and those others share with it, each with its rights. */
import { keyOf } from '../accounts/address-key.ts';
import type { ReadTransaction, Transaction } from '../db/database.ts';
import { normalizeFolderName, parentsOf } from './folder-name.ts';
import { type FolderRow, findFolderRow, toFolder } from './folder-rows.ts';
import { readFolders, readSubscriptions } from './folders.ts';
import type { Folder, VisibleFolder } from './mail-store.ts';
import { type AclEntry, anyone, decideRights, type Viewer } from './rights.ts';
import { parseSharedName, sharedName } from './shared-name.ts';
import { StoreError } from './store-error.ts';

interface SharedRow extends FolderRow {
  owner: string;
  same_domain: number;
}

/** Folders of live mailboxes with the address of their owner; parameter: the viewer's mailbox. */
const sharedColumns = `f.*, m.address AS owner,
  m.domain_id = (SELECT domain_id FROM mailbox WHERE id = ?) AS same_domain`;

/** The folder of that name and the viewer's rights, which may be none. */
export async function findVisible(
  tx: ReadTransaction,
  viewer: Viewer,
  name: string,
): Promise<VisibleFolder | undefined> {
  const subscriptions = await readSubscriptions(tx, viewer.mailboxId);
  const normal = normalizeFolderName(name);
  const own = await findFolderRow(tx, viewer.mailboxId, normal);
  if (own !== undefined) {
    const folder = toFolder(own, subscriptions.includes(own.name));
    return toOwn(viewer, folder, await readOwnEntries(tx, viewer, own.id));
  }
  const row = await findSharedRow(tx, viewer, normal);
  if (row === undefined) return undefined;
  return toShared(viewer, row, await readAcl(tx, row.id), subscriptions);
}

/** The same by its id; undefined also when it is gone. */
export async function findVisibleById(
  tx: ReadTransaction,
  viewer: Viewer,
  folderId: number,
): Promise<VisibleFolder | undefined> {
  const row = await tx.get<SharedRow>(
    `SELECT ${sharedColumns} FROM folder f JOIN mailbox m ON m.id = f.mailbox_id
      WHERE f.id = ? AND m.removed_at IS NULL`,
    viewer.mailboxId,
    folderId,
  );
  if (row === undefined) return undefined;
  return findVisible(
    tx,
    viewer,
    row.mailbox_id === viewer.mailboxId ? row.name : sharedName(row.owner, row.name),
  );
}

/** All folders on which the viewer has the right to look them up, its own first. */
export async function listVisible(tx: ReadTransaction, viewer: Viewer): Promise<VisibleFolder[]> {
  const folders = await readFolders(tx, viewer.mailboxId);
  const entries = await readMailboxEntries(tx, viewer);
  const own = folders.map((folder) => toOwn(viewer, folder, entries.get(folder.id) ?? []));
  const shared = await listShared(tx, viewer);
  return [...own, ...shared].filter(({ rights }) => rights.includes('l'));
}

/** What others share with the viewer. */
async function listShared(tx: ReadTransaction, viewer: Viewer): Promise<VisibleFolder[]> {
  const rows = await tx.all<SharedRow>(
    `SELECT DISTINCT ${sharedColumns} FROM folder_right r JOIN folder f ON f.id = r.folder_id
       JOIN mailbox m ON m.id = f.mailbox_id
      WHERE r.identifier IN (?, ?, ?) AND f.mailbox_id <> ? AND m.removed_at IS NULL ORDER BY m.address, f.name`,
    viewer.mailboxId,
    keyOf(viewer.name),
    keyOf(viewer.address),
    anyone,
    viewer.mailboxId,
  );
  if (rows.length === 0) return [];
  const subscriptions = await readSubscriptions(tx, viewer.mailboxId);
  const visible: VisibleFolder[] = [];
  for (const row of rows) visible.push(toShared(viewer, row, await readAcl(tx, row.id), subscriptions));
  return visible;
}

function findSharedRow(tx: ReadTransaction, viewer: Viewer, name: string): Promise<SharedRow | undefined> {
  const shared = parseSharedName(name);
  if (shared === undefined) return Promise.resolve(undefined);
  return tx.get<SharedRow>(
    `SELECT ${sharedColumns} FROM mailbox m JOIN folder f ON f.mailbox_id = m.id
      WHERE m.address_key = ? AND m.removed_at IS NULL AND m.id <> ? AND f.name = ?`,
    viewer.mailboxId,
    keyOf(shared.owner),
    viewer.mailboxId,
    normalizeFolderName(shared.path),
  );
}

function namesOf(viewer: Viewer): { login: string; address: string } {
  return { login: keyOf(viewer.name), address: keyOf(viewer.address) };
}

function toOwn(viewer: Viewer, folder: Folder, entries: readonly AclEntry[]): VisibleFolder {
  const ownership = { mailboxId: viewer.mailboxId, sameDomain: true };
  const rights = decideRights(viewer, namesOf(viewer), ownership, entries);
  return { ...folder, path: folder.name, owner: undefined, rights };
}

function toShared(
  viewer: Viewer,
  row: SharedRow,
  entries: readonly AclEntry[],
  subscriptions: readonly string[],
): VisibleFolder {
  const name = sharedName(row.owner, row.name);
  const folder = toFolder(row, subscriptions.includes(name));
  const ownership = { mailboxId: row.mailbox_id, sameDomain: row.same_domain === 1 };
  const rights = decideRights(viewer, namesOf(viewer), ownership, entries);
  // What a folder is for, it is for its owner (RFC 6154 §2).
  return { ...folder, name, path: row.name, owner: row.owner, specialUse: undefined, rights };
}

/** By identifier. */
export async function readAcl(tx: ReadTransaction, folderId: number): Promise<AclEntry[]> {
  const sql =
    'SELECT folder_id, identifier, mailbox_id, rights FROM folder_right WHERE folder_id = ? ORDER BY identifier';
  return (await tx.all<AclRow>(sql, folderId)).map(toEntry);
}

interface AclRow {
  folder_id: number;
  identifier: string;
  mailbox_id: number | null;
  rights: string;
}

const toEntry = ({ identifier, mailbox_id: mailboxId, rights }: AclRow): AclEntry => ({
  identifier,
  mailboxId: mailboxId ?? undefined,
  rights,
});

/** Nothing limits who manages the mailbox: then there is nothing to read. */
async function readOwnEntries(tx: ReadTransaction, viewer: Viewer, folderId: number): Promise<AclEntry[]> {
  return viewer.rights.manage ? [] : readAcl(tx, folderId);
}

async function readMailboxEntries(tx: ReadTransaction, viewer: Viewer): Promise<Map<number, AclEntry[]>> {
  const entries = new Map<number, AclEntry[]>();
  if (viewer.rights.manage) return entries;
  const rows = await tx.all<AclRow>(
    `SELECT r.folder_id, r.identifier, r.mailbox_id, r.rights FROM folder f JOIN folder_right r ON r.folder_id = f.id
      WHERE f.mailbox_id = ?`,
    viewer.mailboxId,
  );
  for (const row of rows) {
    entries.set(row.folder_id, [...(entries.get(row.folder_id) ?? []), toEntry(row)]);
  }
  return entries;
}

/**
 * The identifier as it is kept, and whom it means.
 * @throws {StoreError} `nonexistent` when no login and no mailbox goes by that name.
 */
export async function requireIdentifier(
  tx: ReadTransaction,
  written: string,
): Promise<Omit<AclEntry, 'rights'>> {
  const sign = written.startsWith('-') ? '-' : '';
  const key = keyOf(written.slice(sign.length));
  const identifier = `${sign}${key}`;
  if (key === anyone) return { identifier, mailboxId: undefined };
  const [mailboxId] = await findMailboxesOf(tx, key);
  if (mailboxId === undefined) throw new StoreError('nonexistent', `There is no login or mailbox ${written}`);
  return { identifier, mailboxId };
}

/** The mailboxes whose logins go by the identifier. */
export async function findMailboxesOf(tx: ReadTransaction, identifier: string): Promise<number[]> {
  const rows = await tx.all<{ id: number }>(
    `SELECT mailbox_id AS id FROM login WHERE name_key = ? UNION
       SELECT id FROM mailbox WHERE address_key = ? AND removed_at IS NULL`,
    identifier,
    identifier,
  );
  return rows.map(({ id }) => id);
}

/** Writes an entry, also one without rights: for a login of the same mailbox that says "none". */
export async function writeAclEntry(tx: Transaction, folderId: number, entry: AclEntry): Promise<void> {
  await tx.run(
    `INSERT INTO folder_right (folder_id, identifier, mailbox_id, rights) VALUES (?, ?, ?, ?)
       ON CONFLICT (folder_id, identifier) DO UPDATE SET mailbox_id = excluded.mailbox_id, rights = excluded.rights`,
    folderId,
    entry.identifier,
    entry.mailboxId ?? null,
    entry.rights,
  );
}

/** True when there was one. */
export async function removeAclEntry(
  tx: Transaction,
  folderId: number,
  identifier: string,
): Promise<boolean> {
  const { changes } = await tx.run(
    'DELETE FROM folder_right WHERE folder_id = ? AND identifier = ?',
    folderId,
    identifier,
  );
  return changes > 0;
}

/**
 * Runs what makes the folder `name`. All that is new on the way to it is then open to those its nearest parent is
 * open to (RFC 4314 §4 CREATE).
 */
export async function createInheriting<T>(
  tx: Transaction,
  mailboxId: number,
  name: string,
  create: () => Promise<T>,
): Promise<T> {
  const levels = [...parentsOf(normalizeFolderName(name)), normalizeFolderName(name)];
  let nearest: FolderRow | undefined;
  const made: string[] = [];
  for (const level of levels) {
    const row = await findFolderRow(tx, mailboxId, level);
    if (row === undefined) made.push(level);
    else nearest = row;
  }
  const created = await create();
  const entries = nearest === undefined ? [] : await readAcl(tx, nearest.id);
  for (const level of entries.length === 0 ? [] : made) {
    const row = await findFolderRow(tx, mailboxId, level);
    if (row !== undefined) for (const entry of entries) await writeAclEntry(tx, row.id, entry);
  }
  return created;
}

/** A subscription to a folder of another mailbox, by the name it has there. */
export async function subscribeShared(tx: Transaction, mailboxId: number, name: string): Promise<void> {
  await tx.run(
    'INSERT INTO subscription (mailbox_id, name) VALUES (?, ?) ON CONFLICT DO NOTHING',
    mailboxId,
    name,
  );
}
