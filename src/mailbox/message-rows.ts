/**
 * Message rows: reading them by UID ranges, adding and removing them with the folder's counters, modseq and
 * tombstones. Long ranges are worked page by page, so that a folder of 100,000 messages does not hold the event
 * loop; it is still one transaction.
 */
import { releaseContents } from '../content/content.ts';
import type { ReadTransaction, Transaction } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';
import { deletedBit, type FlagSet, formatFlags, joinKeywords, seenBit, splitKeywords } from './flags.ts';
import { advanceFolder, type FolderDelta, type FolderRow } from './folder-rows.ts';
import { noteKeywords } from './keywords.ts';
import type { MessageRecord, UidRanges } from './mail-store.ts';
import { addUse } from './quota.ts';
import { StoreError } from './store-error.ts';

export interface MessageRow {
  uid: number;
  modseq: number;
  flags: number;
  keywords: string;
  size: number;
  internal_date: number;
  saved_at: number;
  content_id: number;
  message_id: string | null;
}

export interface MessageToAdd {
  readonly flags: FlagSet;
  readonly size: number;
  readonly internalDate: Instant;
  readonly savedAt: Instant;
  readonly contentId: number;
  /** Message-ID of its header, see `readMessageId`; undefined = not known or none. */
  readonly messageId?: string | undefined;
}

const pageSize = 2000;
/** RFC 9051 §2.3.1.1: UIDs are 32 bits. */
const largestUid = 4_294_967_295;
const columns = 'uid, modseq, flags, keywords, size, internal_date, saved_at, content_id, message_id';

/** The rows of the ranges in ascending order of UID, a page at a time. `condition` is added with AND. */
export async function* readPages(
  tx: ReadTransaction,
  folderId: number,
  ranges: UidRanges,
  condition = '',
): AsyncGenerator<readonly MessageRow[]> {
  const sql = `SELECT ${columns} FROM message WHERE folder_id = ? AND uid BETWEEN ? AND ?
    ${condition === '' ? '' : `AND ${condition}`} ORDER BY uid LIMIT ${pageSize}`;
  for (const [first, last] of tidyRanges(ranges)) {
    let from = first;
    while (from <= last) {
      const rows = await tx.all<MessageRow>(sql, folderId, from, last);
      if (rows.length > 0) yield rows;
      if (rows.length < pageSize) break;
      from = (rows.at(-1)?.uid ?? last) + 1;
    }
  }
}

/** All rows of the ranges in ascending order of UID. */
export async function readRows(
  tx: ReadTransaction,
  folderId: number,
  ranges: UidRanges,
  condition = '',
): Promise<MessageRow[]> {
  const rows: MessageRow[] = [];
  for await (const page of readPages(tx, folderId, ranges, condition)) for (const row of page) rows.push(row);
  return rows;
}

export function toRecord(row: MessageRow): MessageRecord {
  return {
    uid: row.uid,
    modseq: row.modseq,
    flags: flagsOf(row),
    size: row.size,
    internalDate: row.internal_date,
    savedAt: row.saved_at,
    contentId: row.content_id,
  };
}

/** Names of sets of flags met before: few sets stand on many messages. */
const knownSets = new Map<string, readonly string[]>();

function flagsOf({ flags, keywords }: MessageRow): readonly string[] {
  const key = `${flags} ${keywords}`;
  let names = knownSets.get(key);
  if (names === undefined) {
    names = formatFlags({ bits: flags, keywords: splitKeywords(keywords) });
    if (knownSets.size >= 1000) knownSets.clear();
    knownSets.set(key, names);
  }
  return names;
}

const insertSql = `INSERT INTO message (folder_id, ${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/**
 * Adds the messages under the next UIDs, with counters and use of quota; quota itself is the caller's question.
 * `folder` must have been read in this transaction and not changed since.
 */
export async function addMessages(
  tx: Transaction,
  folder: FolderRow,
  messages: readonly MessageToAdd[],
): Promise<{ modseq: number; uids: number[] }> {
  const modseq = folder.highest_modseq + 1;
  const uids: number[] = [];
  for (const message of messages) {
    const uid = folder.uid_next + uids.length;
    if (uid > largestUid) throw new StoreError('limit', 'The folder has given out all its message numbers');
    uids.push(uid);
    await tx.run(
      insertSql,
      folder.id,
      uid,
      modseq,
      message.flags.bits,
      joinKeywords(message.flags.keywords),
      message.size,
      message.internalDate,
      message.savedAt,
      message.contentId,
      message.messageId ?? null,
    );
  }
  await noteKeywords(
    tx,
    folder.id,
    messages.flatMap((message) => message.flags.keywords),
  );
  const delta = sumUp(messages.map((message) => ({ bits: message.flags.bits, size: message.size })));
  await advanceFolder(tx, folder.id, {
    modseq,
    uidNext: folder.uid_next + uids.length,
    delta: { ...delta, recent: messages.length },
  });
  await addUse(tx, folder.mailbox_id, { bytes: delta.size, messages: delta.messages });
  return { modseq, uids };
}

/**
 * Removes the rows and leaves tombstones under one new modseq. `rows` are of `folder`, in ascending order, both
 * read in this transaction. Contents are given up unless `keepContents` (they moved elsewhere).
 */
export async function removeMessages(
  tx: Transaction,
  folder: FolderRow,
  rows: readonly MessageRow[],
  { keepContents }: { keepContents: boolean },
): Promise<void> {
  if (rows.length === 0) return;
  const modseq = folder.highest_modseq + 1;
  const { id } = folder;
  const remove = 'DELETE FROM message WHERE folder_id = ? AND uid BETWEEN ? AND ?';
  for (const [first, last] of joinUids(rows.map((row) => row.uid))) {
    for (let from = first; from <= last; from += pageSize) {
      await tx.run(remove, id, from, Math.min(from + pageSize - 1, last));
    }
    await tx.run('INSERT INTO vanished VALUES (?, ?, ?, ?)', id, modseq, first, last);
  }
  if (!keepContents) await releaseContents(tx, new Set(rows.map((row) => row.content_id)));
  const gone = sumUp(rows.map((row) => ({ bits: row.flags, size: row.size })));
  await advanceFolder(tx, id, {
    modseq,
    uidNext: folder.uid_next,
    delta: {
      messages: -gone.messages,
      unseen: -gone.unseen,
      deleted: -gone.deleted,
      recent: -rows.filter((row) => row.uid >= folder.first_recent).length,
      size: -gone.size,
    },
  });
  await addUse(tx, folder.mailbox_id, { bytes: -gone.size, messages: -gone.messages });
}

/** The UIDs, ascending, as the shortest list of ranges. */
export function joinUids(uids: readonly number[]): [first: number, last: number][] {
  const ranges: [number, number][] = [];
  for (const uid of uids) {
    const range = ranges.at(-1);
    if (range !== undefined && range[1] + 1 === uid) range[1] = uid;
    else ranges.push([uid, uid]);
  }
  return ranges;
}

/** The same UIDs in ascending order, each once, within 32 bits. */
export function tidyRanges(ranges: UidRanges): [first: number, last: number][] {
  const tidy: [number, number][] = [];
  const sorted = ranges
    .map(([a, b]): [number, number] => [Math.max(Math.min(a, b), 1), Math.min(Math.max(a, b), largestUid)])
    .sort(([a], [b]) => a - b);
  for (const [first, last] of sorted) {
    const before = tidy.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else if (first <= last) tidy.push([first, last]);
  }
  return tidy;
}

function sumUp(messages: readonly { bits: number; size: number }[]): Omit<FolderDelta, 'recent'> {
  let unseen = 0;
  let deleted = 0;
  let size = 0;
  for (const message of messages) {
    if ((message.bits & seenBit) === 0) unseen += 1;
    if ((message.bits & deletedBit) !== 0) deleted += 1;
    size += message.size;
  }
  return { messages: messages.length, unseen, deleted, size };
}
