/** What the suites of the mail store share: opening one, filling it, asking it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Folder, MailStore, UidRanges } from '../../../src/mailbox/mail-store.ts';

export interface OpenedMailStore {
  readonly store: MailStore;
  /** The instant the store's clock tells; may be set. */
  readonly time: { now: number };
  addMailbox(address: string, quotaBytes?: number): Promise<number>;
}

export type OpenMailStore = (t: TestContext) => Promise<OpenedMailStore>;

export const all: UidRanges = [[1, Number.POSITIVE_INFINITY]];

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text, 'latin1');
}

/** Appends messages of these bodies; the UIDs. */
export async function append(
  store: MailStore,
  folder: Folder,
  texts: readonly string[],
  flags: readonly string[] = [],
) {
  const messages = [];
  for (const text of texts) {
    messages.push({ content: await store.storeContent(once(text)), flags, internalDate: 1_700_000_000_000 });
  }
  return (await store.append(folder.id, messages)).uids;
}

export async function readText(
  store: MailStore,
  contentId: number,
  range?: { offset: number; length: number },
) {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.read(contentId, range)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}

export async function uidsAndFlags(store: MailStore, folder: Folder) {
  return (await store.messages(folder.id, all)).map(({ uid, flags }) => `${uid} ${flags.join(' ')}`.trim());
}

/** Counters as the messages themselves say, to compare with the stored ones. */
export async function checkCounters(store: MailStore, folder: Folder): Promise<void> {
  const status = await store.status(folder.id);
  const messages = await store.messages(folder.id, all);
  const firstRecent = await store.firstRecent(folder.id, false);
  assert.deepEqual(
    {
      messages: status.messages,
      unseen: status.unseen,
      deleted: status.deleted,
      recent: status.recent,
      size: status.size,
    },
    {
      messages: messages.length,
      unseen: messages.filter(({ flags }) => !flags.includes('\\Seen')).length,
      deleted: messages.filter(({ flags }) => flags.includes('\\Deleted')).length,
      recent: messages.filter(({ uid }) => uid >= firstRecent).length,
      size: messages.reduce((sum, { size }) => sum + size, 0),
    },
  );
  assert.ok(messages.every(({ uid, modseq }) => uid < status.uidNext && modseq <= status.highestModseq));
}

export async function openInbox(t: TestContext, open: OpenMailStore, quotaBytes?: number) {
  const opened = await open(t);
  const mailboxId = await opened.addMailbox('mario@esempio.it', quotaBytes);
  const inbox = await opened.store.findFolder(mailboxId, 'INBOX');
  assert.ok(inbox !== undefined);
  return { ...opened, mailboxId, inbox };
}
