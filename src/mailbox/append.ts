/** Messages that a program hands in: appended, or put in the place of one that goes. All or none. */

import type { BlobStore } from '../blob/blob-store.ts';
import { addContent, noteLineEnds } from '../content/content.ts';
import type { ReadTransaction, Transaction } from '../db/database.ts';
import { sizeOf } from '../lib/segments.ts';
import type { Instant } from '../lib/time.ts';
import { draftBit, type FlagSet, parseFlags, withKeywords } from './flags.ts';
import { type FolderRow, requireFolder } from './folder-rows.ts';
import { noteKeywords } from './keywords.ts';
import { findLineEnds } from './line-ends.ts';
import type { NewMessage, Replacement } from './mail-store.ts';
import { findMessageId } from './message-id.ts';
import { addMessages, type MessageToAdd, readRows, removeMessages } from './message-rows.ts';
import { noteChange } from './notices.ts';
import { hasRoom } from './quota.ts';
import { overQuota, StoreError } from './store-error.ts';

export interface Appended {
  readonly uidValidity: number;
  readonly uids: number[];
}

/** A message with the Message-ID of its header. */
export interface IdentifiedMessage extends NewMessage {
  readonly messageId: string | undefined;
}

/** Keywords that the mailbox's copy of a message it sent has from the beginning. */
export type ReadMarks = (
  tx: ReadTransaction,
  mailboxId: number,
  messageId: string,
) => Promise<readonly string[]>;

export interface AppendTerms {
  readonly at: Instant;
  readonly readMarks: ReadMarks;
  /** True for what was there before, whatever the quota is now: a restored backup. */
  readonly overQuota?: boolean;
}

/** Outside a transaction: large messages are read from the blob store. */
export async function identify(blobs: BlobStore, message: NewMessage): Promise<IdentifiedMessage> {
  return { ...message, messageId: await findMessageId(blobs, message.content) };
}

/** @throws {StoreError} `nonexistent`, or `over-quota` and nothing is appended. */
export async function appendMessages(
  tx: Transaction,
  folderId: number,
  messages: readonly IdentifiedMessage[],
  terms: AppendTerms,
): Promise<Appended> {
  const folder = await requireFolder(tx, folderId);
  const bytes = messages.reduce((sum, message) => sum + sizeOf(message.content), 0);
  if (terms.overQuota !== true && !(await hasRoom(tx, folder.mailbox_id, bytes))) throw overQuota();
  return addAll(tx, folder, messages, terms);
}

/**
 * Appends the message and removes the old one for good, whatever its flags. Within a mailbox only the growth
 * needs room (RFC 8508 §3.4).
 * @throws {StoreError} `nonexistent`, also for the old message; `over-quota` and nothing has changed.
 */
export async function replaceMessage(
  tx: Transaction,
  order: Replacement & { readonly message: IdentifiedMessage },
  terms: AppendTerms,
): Promise<Appended> {
  const source = await requireFolder(tx, order.folderId);
  const target = await requireFolder(tx, order.targetFolderId);
  const [old] = await readRows(tx, source.id, [[order.uid, order.uid]]);
  if (old === undefined) throw new StoreError('nonexistent', 'The message to replace is not there any more');
  const freed = source.mailbox_id === target.mailbox_id ? old.size : 0;
  const growth = sizeOf(order.message.content) - freed;
  if (growth > 0 && !(await hasRoom(tx, target.mailbox_id, growth))) throw overQuota();
  const appended = await addAll(tx, target, [order.message], terms);
  // Read again: with one folder for both, appending has just changed this row.
  await removeMessages(tx, await requireFolder(tx, source.id), [old], { keepContents: false });
  noteChange(tx, source.mailbox_id, source.id);
  return appended;
}

async function addAll(
  tx: Transaction,
  folder: FolderRow,
  messages: readonly IdentifiedMessage[],
  terms: AppendTerms,
): Promise<Appended> {
  const added: MessageToAdd[] = [];
  for (const message of messages) {
    const { content, internalDate, messageId } = message;
    const flags = await markSent(tx, folder, message, terms.readMarks);
    const contentId = await addContent(tx, content);
    const lineEnds = findLineEnds(content);
    if (lineEnds > 0) await noteLineEnds(tx, contentId, lineEnds);
    const size = sizeOf(content);
    added.push({ flags, size, internalDate, savedAt: terms.at, contentId, messageId });
  }
  const { uids } = await addMessages(tx, folder, added);
  noteChange(tx, folder.mailbox_id, folder.id);
  return { uidValidity: folder.uid_validity, uids };
}

/** The sender's copy may come after the receipts: it gets what they would have set. A draft is no such copy. */
async function markSent(
  tx: Transaction,
  folder: FolderRow,
  { flags, messageId }: IdentifiedMessage,
  readMarks: ReadMarks,
): Promise<FlagSet> {
  const given = parseFlags(flags);
  const draft = (given.bits & draftBit) !== 0 || folder.special_use === '\\Drafts';
  const marks = draft || messageId === undefined ? [] : await readMarks(tx, folder.mailbox_id, messageId);
  if (marks.length === 0) return given;
  await noteKeywords(tx, folder.id, marks, Number.POSITIVE_INFINITY);
  return withKeywords(given, marks);
}
