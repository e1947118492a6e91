/** The mailboxes in a backup of the whole provider: rows from the copy of the database, bytes from the copied blobs. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { readAccountRows } from '../../accounts/account-rows.ts';
import { findMailbox, listMailboxes } from '../../accounts/mailboxes.ts';
import { loadContent } from '../../content/content.ts';
import type { Database } from '../../db/database.ts';
import { isInline } from '../../lib/segments.ts';
import { type FolderExtras, readFolderExtras } from '../../mailbox/folder-extras.ts';
import { readSubscriptions } from '../../mailbox/folders.ts';
import { readSnapshot } from '../export/mailbox-snapshot.ts';
import type { ArchivedMailbox } from './archived-mailbox.ts';
import { blobPath } from './whole-backup.ts';

/** Addresses of its mailboxes, by address. */
export async function listCopied(copy: Database): Promise<string[]> {
  return (await copy.read((tx) => listMailboxes(tx, {}))).map(({ address }) => address);
}

/** Undefined when the backup has no such mailbox. */
export async function readCopied(
  copy: Database,
  folder: string,
  address: string,
): Promise<ArchivedMailbox | undefined> {
  return copy.read(async (tx) => {
    const mailbox = await findMailbox(tx, address);
    if (mailbox === undefined) return undefined;
    const subscribed = new Set(await readSubscriptions(tx, mailbox.id));
    const snapshot = await readSnapshot(tx, mailbox.id);
    const extras = new Map<number, FolderExtras>();
    for (const { id } of snapshot) extras.set(id, await readFolderExtras(tx, id));
    const folders = snapshot.map(({ id, messages, ...rest }) => ({
      ...rest,
      subscribed: subscribed.has(rest.name),
      extras: extras.get(id) ?? { rights: [], annotations: [] },
      messages: messages.map(({ contentId, ...message }) => ({
        ...message,
        read: () => readContent(copy, folder, contentId),
      })),
    }));
    return { address: mailbox.address, account: await readAccountRows(tx, mailbox.id), folders };
  });
}

async function* readContent(copy: Database, folder: string, contentId: number): AsyncGenerator<Uint8Array> {
  const { segments } = await copy.read((tx) => loadContent(tx, contentId));
  for (const segment of segments) {
    if (isInline(segment)) yield segment;
    else if (segment.length > 0) {
      const { offset: start, length } = segment;
      yield* createReadStream(join(folder, blobPath(segment.blob)), { start, end: start + length - 1 });
    }
  }
}
