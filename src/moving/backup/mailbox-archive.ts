/**
 * A backup of some mailboxes: `mailboxes.jsonl` with accounts, folders and messages, and each message's bytes in a file
 * named by their digest, `messages/ab/abcd….eml`. It does not depend on the layout of the database.
 */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { decodeAccount, encodeAccount, readAccountRows } from '../../accounts/account-rows.ts';
import { hex } from '../../lib/bytes.ts';
import type { Clock } from '../../lib/time.ts';
import { type FolderExtras, readFolderExtras } from '../../mailbox/folder-extras.ts';
import { readSubscriptions } from '../../mailbox/folders.ts';
import { readSnapshot, type SnapshotFolder, type SnapshotMessage } from '../export/mailbox-snapshot.ts';
import { openNewFile, writeAll } from '../export/new-folder.ts';
import { type ContentStores, DamagedMessage, openMessage } from '../export/readable-message.ts';
import type { ArchivedMailbox } from './archived-mailbox.ts';
import { beginBackup, type PriorBackup } from './backup-place.ts';
import { hashFile, PriorFiles, writeHashed } from './copied-file.ts';
import { BackupError, type ManifestFile, type ManifestHead, writeManifest } from './manifest.ts';
import { formatLine, readTextLines } from './text-lines.ts';
import type { BackupResult } from './whole-backup.ts';

export const archiveName = 'mailboxes.jsonl';

/** One line of the archive. */
type ArchiveLine =
  | { readonly mailbox: string; readonly account: unknown }
  | { readonly folder: FolderLine }
  | { readonly message: MessageLine };
type FolderLine = Omit<SnapshotFolder, 'id' | 'messages'> & {
  readonly subscribed: boolean;
  readonly extras: FolderExtras;
};
type MessageLine = Omit<SnapshotMessage, 'contentId'> & { readonly sha256: string };

export interface MailboxBackupOrder {
  readonly place: string;
  readonly head: Pick<ManifestHead, 'provider' | 'version'>;
  readonly mailboxes: readonly { readonly id: number; readonly address: string }[];
  readonly onProgress: (done: number) => void;
}

/** @throws {PlaceError} when the place cannot be used. */
export async function createMailboxBackup(
  stores: ContentStores & { readonly clock: Clock },
  order: MailboxBackupOrder,
): Promise<BackupResult> {
  const at = stores.clock();
  await using backup = await beginBackup(order.place, stores.clock, 'mailboxes');
  const run = new ArchiveRun(stores, order, { folder: backup.folder, prior: backup.prior });
  await run.open();
  for (const mailbox of order.mailboxes) await run.addMailbox(mailbox);
  await run.close();
  const createdAt = new Date(at).toISOString();
  const head: ManifestHead = { format: 1, kind: 'mailboxes', createdAt, ...order.head, missing: run.missing };
  await writeManifest(backup.folder, { head, files: [...run.files.values()] });
  return { ...run.result, removed: backup.removed, folder: await backup.finish() };
}

class ArchiveRun {
  readonly files = new Map<string, ManifestFile>();
  readonly missing: string[] = [];
  readonly #stores: ContentStores;
  readonly #order: MailboxBackupOrder;
  readonly #folder: string;
  readonly #prior: PriorFiles;
  readonly #priorBackup: PriorBackup | undefined;
  /** Digests of messages that the earlier backup has, by what never changes of a message. */
  #known = new Map<string, string>();
  #lines: Awaited<ReturnType<typeof openNewFile>> | undefined;
  #copiedBytes = 0;
  #done = 0;

  constructor(
    stores: ContentStores,
    order: MailboxBackupOrder,
    { folder, prior }: { readonly folder: string; readonly prior: PriorBackup | undefined },
  ) {
    this.#stores = stores;
    this.#order = order;
    this.#folder = folder;
    this.#prior = new PriorFiles(prior);
    this.#priorBackup = prior;
  }

  get result(): Omit<BackupResult, 'folder' | 'removed'> {
    const bytes = [...this.files.values()].reduce((sum, { size }) => sum + size, 0);
    return { files: this.files.size, bytes, copiedBytes: this.#copiedBytes, missing: this.missing };
  }

  async open(): Promise<void> {
    if (this.#priorBackup !== undefined) this.#known = await readKnown(this.#priorBackup.folder);
    this.#lines = await openNewFile(join(this.#folder, archiveName));
  }

  async addMailbox({ id, address }: { readonly id: number; readonly address: string }): Promise<void> {
    const { account, folders, subscribed } = await this.#stores.db.read(async (tx) => ({
      account: await readAccountRows(tx, id),
      folders: await readSnapshot(tx, id),
      subscribed: new Set(await readSubscriptions(tx, id)),
    }));
    await this.#write({ mailbox: address, account: encodeAccount(account) });
    for (const { id: folderId, messages, ...folder } of folders) {
      const extras = await this.#stores.db.read((tx) => readFolderExtras(tx, folderId));
      await this.#write({ folder: { ...folder, subscribed: subscribed.has(folder.name), extras } });
      for (const message of messages) await this.#addMessage({ address, folder, folderId }, message);
    }
  }

  async close(): Promise<void> {
    await this.#lines?.sync();
    await this.#lines?.close();
    const lines = await hashFile(this.#folder, archiveName);
    this.files.set(archiveName, lines);
    this.#copiedBytes += lines.size;
  }

  async #addMessage(
    place: { address: string; folder: Pick<FolderLine, 'name' | 'uidValidity'>; folderId: number },
    message: SnapshotMessage,
  ): Promise<void> {
    const { address, folder, folderId } = place;
    try {
      const { contentId: _contentId, ...line } = message;
      const key = keyOf(address, folder.uidValidity, message);
      const sha256 = (await this.#takeKnown(this.#known.get(key))) ?? (await this.#copy(message));
      await this.#write({ message: { ...line, sha256 } });
    } catch (error) {
      if (!(error instanceof DamagedMessage)) throw error;
      const row = await this.#stores.db.read((tx) =>
        tx.get('SELECT 1 FROM message WHERE folder_id = ? AND uid = ?', folderId, message.uid),
      );
      if (row !== undefined)
        this.missing.push(`${address}, ${folder.name}, UID ${message.uid}: ${error.message}`);
    }
    this.#done += 1;
    this.#order.onProgress(this.#done);
  }

  async #takeKnown(sha256: string | undefined): Promise<string | undefined> {
    if (sha256 === undefined) return undefined;
    const path = messagePath(sha256);
    if (this.files.has(path)) return sha256;
    const file = await this.#prior.take(this.#folder, path);
    if (file === undefined) return undefined;
    this.files.set(path, file);
    return sha256;
  }

  async #copy(message: SnapshotMessage): Promise<string> {
    const content = await openMessage(this.#stores, message);
    const sha256 = hex(content.sha256);
    if ((await this.#takeKnown(sha256)) !== undefined) return sha256;
    const file = await writeHashed(this.#folder, messagePath(sha256), content.chunks());
    this.files.set(file.path, file);
    this.#copiedBytes += file.size;
    return sha256;
  }

  async #write(line: ArchiveLine): Promise<void> {
    if (this.#lines === undefined) throw new Error('the archive is not open');
    await writeAll(this.#lines, Buffer.from(formatLine(line)));
  }
}

function messagePath(sha256: string): string {
  return `messages/${sha256.slice(0, 2)}/${sha256}.eml`;
}

/**
 * A UID of a UIDVALIDITY is never given to another message (RFC 9051 §2.3.1.1); size and time of storing tell those apart
 * that were given out again after an older backup was restored.
 */
function keyOf(address: string, uidValidity: number, message: Omit<SnapshotMessage, 'contentId'>): string {
  return `${address} ${uidValidity} ${message.uid} ${message.size} ${message.savedAt}`;
}

async function readKnown(folder: string): Promise<Map<string, string>> {
  const known = new Map<string, string>();
  let address = '';
  let uidValidity = 0;
  for await (const line of readLines(folder)) {
    if ('mailbox' in line) address = line.mailbox;
    else if ('folder' in line) uidValidity = line.folder.uidValidity;
    else known.set(keyOf(address, uidValidity, line.message), line.message.sha256);
  }
  return known;
}

/** The mailboxes of such a backup, one after the other. @throws {BackupError} */
export async function* readArchive(
  folder: string,
): AsyncGenerator<ArchivedMailbox & { folders: { messages: { path: string; sha256: string }[] }[] }> {
  let open: { address: string; account: ArchivedMailbox['account']; folders: OpenFolder[] } | undefined;
  for await (const line of readLines(folder)) {
    if ('mailbox' in line) {
      if (open !== undefined) yield open;
      open = { address: line.mailbox, account: decodeAccount(line.account), folders: [] };
    } else if ('folder' in line) open?.folders.push({ ...line.folder, messages: [] });
    else {
      const path = messagePath(line.message.sha256);
      const read = () => createReadStream(join(folder, path));
      open?.folders.at(-1)?.messages.push({ ...line.message, path, read });
    }
  }
  if (open !== undefined) yield open;
}

type OpenFolder = FolderLine & {
  messages: (MessageLine & { path: string; read(): AsyncIterable<Uint8Array> })[];
};

async function* readLines(folder: string): AsyncGenerator<ArchiveLine> {
  try {
    for await (const line of readTextLines(join(folder, archiveName))) yield JSON.parse(line) as ArchiveLine;
  } catch (error) {
    throw new BackupError(`The ${archiveName} of ${folder} cannot be read: take another backup.`, error);
  }
}
