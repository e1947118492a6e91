/** What a mailbox holds at one moment: folders and messages, from one read of the rows. */
import type { ReadTransaction } from '../../db/database.ts';
import type { Instant } from '../../lib/time.ts';
import { formatFlags, splitKeywords } from '../../mailbox/flags.ts';
import { type FolderRow, listFolderRows } from '../../mailbox/folder-rows.ts';
import { readPages } from '../../mailbox/message-rows.ts';

export interface SnapshotMessage {
  readonly uid: number;
  readonly flags: readonly string[];
  /** Bytes. */
  readonly size: number;
  readonly internalDate: Instant;
  readonly savedAt: Instant;
  readonly contentId: number;
}

export interface SnapshotFolder {
  readonly id: number;
  /** `/` between levels; the inbox is `INBOX`. */
  readonly name: string;
  readonly specialUse: string | undefined;
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly highestModseq: number;
  readonly messages: readonly SnapshotMessage[];
}

/** By name; `only`: no other folders than these. */
export async function readSnapshot(
  tx: ReadTransaction,
  mailboxId: number,
  only?: readonly string[],
): Promise<SnapshotFolder[]> {
  const rows = await listFolderRows(tx, mailboxId);
  const wanted = only === undefined ? rows : rows.filter(({ name }) => only.includes(name));
  const folders: SnapshotFolder[] = [];
  for (const row of wanted) folders.push(await readFolder(tx, row));
  return folders;
}

async function readFolder(tx: ReadTransaction, row: FolderRow): Promise<SnapshotFolder> {
  const messages: SnapshotMessage[] = [];
  for await (const page of readPages(tx, row.id, [[1, Number.POSITIVE_INFINITY]]))
    for (const message of page)
      messages.push({
        uid: message.uid,
        flags: formatFlags({ bits: message.flags, keywords: splitKeywords(message.keywords) }),
        size: message.size,
        internalDate: message.internal_date,
        savedAt: message.saved_at,
        contentId: message.content_id,
      });
  return {
    id: row.id,
    name: row.name,
    specialUse: row.special_use ?? undefined,
    uidValidity: row.uid_validity,
    uidNext: row.uid_next,
    highestModseq: row.highest_modseq,
    messages,
  };
}
