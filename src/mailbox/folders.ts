/** The list of folders: making, renaming, removing, subscriptions (RFC 9051 §6.3). */
import type { ReadTransaction, Transaction } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';
import { moveMessages } from './copy.ts';
import { inbox, normalizeFolderName, parentsOf, parseNewFolderName } from './folder-name.ts';
import {
  type FolderRow,
  findFolderRow,
  insertFolder,
  listFolderRows,
  requireFolder,
  toFolder,
} from './folder-rows.ts';
import type { Folder } from './mail-store.ts';
import { readPages, removeMessages } from './message-rows.ts';
import { noteChange } from './notices.ts';
import { requireLiveMailbox } from './quota.ts';
import { StoreError } from './store-error.ts';

const mostFolders = 10_000;
/** What a folder may be asked to be for (RFC 6154 §2); `\All` and `\Flagged` are views, which we have not. */
const specialUses = ['\\Archive', '\\Drafts', '\\Junk', '\\Sent', '\\Trash'];

/** By name; empty for a mailbox that nothing has touched yet. */
export async function readFolders(tx: ReadTransaction, mailboxId: number): Promise<Folder[]> {
  const subscribed = new Set(await readSubscriptions(tx, mailboxId));
  const rows = await listFolderRows(tx, mailboxId);
  return rows.map((row) => toFolder(row, subscribed.has(row.name)));
}

/** By name; also names whose folder is gone. */
export async function readSubscriptions(tx: ReadTransaction, mailboxId: number): Promise<string[]> {
  const rows = await tx.all<{ name: string }>(
    'SELECT name FROM subscription WHERE mailbox_id = ? ORDER BY name',
    mailboxId,
  );
  return rows.map((row) => row.name);
}

export interface FolderOrder {
  readonly mailboxId: number;
  readonly name: string;
  readonly at: Instant;
}

/** @throws {StoreError} `already-exists`, `cannot`, `limit`, `use-attribute` */
export async function createFolder(
  tx: Transaction,
  order: FolderOrder,
  specialUse: string | undefined,
): Promise<Folder> {
  const { mailboxId, at } = order;
  await requireLiveMailbox(tx, mailboxId);
  const name = parseNewFolderName(order.name);
  await checkFree(tx, mailboxId, name);
  const use = await chooseSpecialUse(tx, mailboxId, specialUse);
  await createParents(tx, { mailboxId, name, at });
  const row = await insertFolder(tx, { mailboxId, name, specialUse: use, at });
  await checkCount(tx, mailboxId);
  noteChange(tx, mailboxId);
  const subscribed = (await readSubscriptions(tx, mailboxId)).includes(name);
  return toFolder(row, subscribed);
}

/** A folder of that name, made and subscribed to when it is not there. @throws {StoreError} as creating does. */
export async function ensureFolder(
  tx: Transaction,
  order: FolderOrder,
  specialUse?: string,
): Promise<FolderRow> {
  const name = parseNewFolderName(order.name);
  const found = await findFolderRow(tx, order.mailboxId, name);
  if (found !== undefined) return found;
  const { id } = await createFolder(tx, order, specialUse);
  await setSubscribed(tx, order.mailboxId, name, true);
  return requireFolder(tx, id);
}

/**
 * Renames the folder and all below it. The inbox stays where it is and gives its messages to the new folder
 * (RFC 9051 §6.3.6).
 * @throws {StoreError} `nonexistent`, `already-exists`, `cannot`
 */
export async function renameFolder(tx: Transaction, order: FolderOrder & { to: string }): Promise<void> {
  const { mailboxId, at } = order;
  const from = normalizeFolderName(order.name);
  const to = parseNewFolderName(order.to);
  const folder = await requireByName(tx, mailboxId, from);
  if (to.startsWith(`${from}/`) && from !== inbox) {
    throw new StoreError('cannot', 'A folder cannot be moved below itself');
  }
  await checkFree(tx, mailboxId, to);
  await createParents(tx, { mailboxId, name: to, at });
  if (from === inbox) await emptyInboxInto(tx, folder, { mailboxId, name: to, at });
  else await renameTree(tx, folder, to);
  noteChange(tx, mailboxId);
}

/** Removes the folder with its messages. @throws {StoreError} `nonexistent`, `cannot`, `has-children` */
export async function deleteFolder(tx: Transaction, mailboxId: number, wanted: string): Promise<void> {
  const name = normalizeFolderName(wanted);
  if (name === inbox) throw new StoreError('cannot', 'The inbox cannot be removed');
  const folder = await requireByName(tx, mailboxId, name);
  if ((await foldersBelow(tx, mailboxId, name)).length > 0) {
    throw new StoreError('has-children', `There are folders below ${name}; remove them first`);
  }
  await removeFolderRow(tx, folder);
  noteChange(tx, mailboxId);
}

/** The folder's rows with all that hangs on them. */
export async function removeFolderRow(tx: Transaction, folder: FolderRow): Promise<void> {
  for await (const page of readPages(tx, folder.id, [[1, Number.POSITIVE_INFINITY]])) {
    await removeMessages(tx, await requireFolder(tx, folder.id), page, { keepContents: false });
  }
  await tx.run('DELETE FROM vanished WHERE folder_id = ?', folder.id);
  await tx.run('DELETE FROM folder_keyword WHERE folder_id = ?', folder.id);
  await tx.run('DELETE FROM folder WHERE id = ?', folder.id);
}

/** A name may be subscribed to before its folder exists and after (RFC 9051 §6.3.7). */
export async function setSubscribed(
  tx: Transaction,
  mailboxId: number,
  wanted: string,
  subscribed: boolean,
): Promise<void> {
  const name = normalizeFolderName(wanted);
  if (subscribed) {
    await requireByName(tx, mailboxId, name);
    await tx.run(
      'INSERT INTO subscription (mailbox_id, name) VALUES (?, ?) ON CONFLICT DO NOTHING',
      mailboxId,
      name,
    );
  } else {
    await tx.run('DELETE FROM subscription WHERE mailbox_id = ? AND name = ?', mailboxId, name);
  }
  noteChange(tx, mailboxId);
}

async function requireByName(tx: ReadTransaction, mailboxId: number, name: string): Promise<FolderRow> {
  const row = await findFolderRow(tx, mailboxId, name);
  if (row === undefined) throw new StoreError('nonexistent', `There is no folder ${name}`);
  return row;
}

async function checkFree(tx: ReadTransaction, mailboxId: number, name: string): Promise<void> {
  if ((await findFolderRow(tx, mailboxId, name)) !== undefined) {
    throw new StoreError('already-exists', `There is a folder ${name} already`);
  }
}

async function checkCount(tx: ReadTransaction, mailboxId: number): Promise<void> {
  const row = await tx.get<{ count: number }>(
    'SELECT COUNT(*) AS count FROM folder WHERE mailbox_id = ?',
    mailboxId,
  );
  if ((row?.count ?? 0) > mostFolders) {
    throw new StoreError('limit', `A mailbox may have ${mostFolders} folders`);
  }
}

async function chooseSpecialUse(
  tx: ReadTransaction,
  mailboxId: number,
  wanted: string | undefined,
): Promise<string | null> {
  if (wanted === undefined) return null;
  const use = specialUses.find((known) => known.toLowerCase() === wanted.toLowerCase());
  if (use === undefined) throw new StoreError('use-attribute', `Folders for ${wanted} are not kept here`);
  const holder = await tx.get<{ name: string }>(
    'SELECT name FROM folder WHERE mailbox_id = ? AND special_use = ?',
    mailboxId,
    use,
  );
  if (holder !== undefined) throw new StoreError('use-attribute', `The folder ${holder.name} is for ${use}`);
  return use;
}

async function createParents(tx: Transaction, { mailboxId, name, at }: FolderOrder): Promise<void> {
  for (const parent of parentsOf(name)) {
    if ((await findFolderRow(tx, mailboxId, parent)) !== undefined) continue;
    await insertFolder(tx, { mailboxId, name: parent, specialUse: null, at });
  }
}

/** `/` is followed by `0` in ASCII: the names between are those below, found by the index. */
function foldersBelow(tx: ReadTransaction, mailboxId: number, name: string): Promise<FolderRow[]> {
  return tx.all<FolderRow>(
    'SELECT * FROM folder WHERE mailbox_id = ? AND name > ? AND name < ? ORDER BY name',
    mailboxId,
    `${name}/`,
    `${name}0`,
  );
}

async function renameTree(tx: Transaction, folder: FolderRow, to: string): Promise<void> {
  const below = await foldersBelow(tx, folder.mailbox_id, folder.name);
  for (const row of [folder, ...below]) {
    const name = parseNewFolderName(`${to}${row.name.slice(folder.name.length)}`);
    await tx.run('UPDATE folder SET name = ? WHERE id = ?', name, row.id);
  }
}

async function emptyInboxInto(tx: Transaction, source: FolderRow, order: FolderOrder): Promise<void> {
  const target = await insertFolder(tx, { ...order, specialUse: null });
  await moveMessages(tx, {
    sourceId: source.id,
    targetId: target.id,
    uids: [[1, Number.POSITIVE_INFINITY]],
    at: order.at,
  });
}
