/**
 * COPY and MOVE: the new messages share the content rows of the old ones. All or none; the target's UIDs go up
 * in the order of the source's (RFC 4315, RFC 6851).
 */
import type { Transaction } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';
import { keepFlags } from './flag-rights.ts';
import { splitKeywords } from './flags.ts';
import { type FolderRow, requireFolder } from './folder-rows.ts';
import type { FlagRights, UidMapping, UidRanges } from './mail-store.ts';
import { addMessages, type MessageRow, readRows, removeMessages } from './message-rows.ts';
import { noteChange } from './notices.ts';
import { hasRoom } from './quota.ts';
import { overQuota } from './store-error.ts';

export interface CopyOrder {
  readonly sourceId: number;
  readonly targetId: number;
  readonly uids: UidRanges;
  readonly at: Instant;
  /** Flags the copies keep; undefined: all. */
  readonly may?: FlagRights | undefined;
}

/** @throws {StoreError} `nonexistent`, or `over-quota` and nothing is copied. */
export async function copyMessages(tx: Transaction, order: CopyOrder): Promise<UidMapping> {
  await requireFolder(tx, order.sourceId);
  const target = await requireFolder(tx, order.targetId);
  const rows = await readRows(tx, order.sourceId, order.uids);
  const bytes = rows.reduce((sum, row) => sum + row.size, 0);
  if (rows.length > 0 && !(await hasRoom(tx, target.mailbox_id, bytes))) throw overQuota();
  return addCopies(tx, target, rows, order);
}

/** Needs no room when it stays in the mailbox. @throws {StoreError} `nonexistent`, `over-quota` */
export async function moveMessages(tx: Transaction, order: CopyOrder): Promise<UidMapping> {
  const source = await requireFolder(tx, order.sourceId);
  const target = await requireFolder(tx, order.targetId);
  const rows = await readRows(tx, order.sourceId, order.uids);
  if (rows.length > 0 && source.mailbox_id !== target.mailbox_id) {
    const bytes = rows.reduce((sum, row) => sum + row.size, 0);
    if (!(await hasRoom(tx, target.mailbox_id, bytes))) throw overQuota();
  }
  const mapping = await addCopies(tx, target, rows, order);
  if (rows.length === 0) return mapping;
  // Read again: a move within one folder has just changed this row.
  const changedSource = await requireFolder(tx, order.sourceId);
  await removeMessages(tx, changedSource, rows, { keepContents: true });
  noteChange(tx, source.mailbox_id, source.id);
  return mapping;
}

async function addCopies(
  tx: Transaction,
  target: FolderRow,
  rows: readonly MessageRow[],
  { at, may }: CopyOrder,
): Promise<UidMapping> {
  if (rows.length === 0) return { uidValidity: target.uid_validity, pairs: [] };
  const { uids } = await addMessages(
    tx,
    target,
    rows.map((row) => ({
      flags: keepFlags({ bits: row.flags, keywords: splitKeywords(row.keywords) }, may),
      size: row.size,
      internalDate: row.internal_date,
      savedAt: at,
      contentId: row.content_id,
      messageId: row.message_id ?? undefined,
    })),
  );
  noteChange(tx, target.mailbox_id, target.id);
  const pairs = rows.map((row, index): [number, number] => [row.uid, uids[index] ?? 0]);
  return { uidValidity: target.uid_validity, pairs };
}
