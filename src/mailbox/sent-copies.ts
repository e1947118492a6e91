/**
 * The copies of its own messages that a mailbox keeps, whoever stored them: found by Message-ID in all its folders
 * but drafts. Only keywords of a copy ever change, never a byte. Received mail has no Message-ID in these rows, so
 * nobody outside can make a message be taken for such a copy.
 */
import type { ReadTransaction, Transaction } from '../db/database.ts';
import { lowerAscii } from '../lib/bytes.ts';
import type { Instant } from '../lib/time.ts';
import { type DeliveryOutcome, deliver } from './deliver.ts';
import { draftBit, joinKeywords, splitKeywords } from './flags.ts';
import { advanceFolder, ensureFirstFolders, requireFolder } from './folder-rows.ts';
import { ensureFolder } from './folders.ts';
import { noteKeywords } from './keywords.ts';
import { noteChange } from './notices.ts';

export interface SentCopy {
  readonly folderId: number;
  readonly uid: number;
  readonly keywords: readonly string[];
}

/** Every copy the mailbox has; drafts are none. */
export async function findSentCopies(
  tx: ReadTransaction,
  mailboxId: number,
  messageId: string,
): Promise<SentCopy[]> {
  const rows = await tx.all<{ folder_id: number; uid: number; keywords: string }>(
    `SELECT folder_id, uid, keywords FROM message WHERE message_id = ? AND flags & ${draftBit} = 0
       AND folder_id IN (SELECT id FROM folder WHERE mailbox_id = ?
                         AND (special_use IS NULL OR special_use <> '\\Drafts'))
       ORDER BY folder_id, uid`,
    messageId,
    mailboxId,
  );
  return rows.map(({ folder_id: folderId, uid, keywords }) => ({
    folderId,
    uid,
    keywords: splitKeywords(keywords),
  }));
}

export interface Marking {
  /** All keywords of this kind. */
  readonly among: readonly string[];
  /** Those of them that the copies have afterwards. */
  readonly wanted: readonly string[];
}

/** Sets and takes away keywords; watchers are told after the commit. What has them already is not touched. */
export async function markSentCopies(
  tx: Transaction,
  mailboxId: number,
  copies: readonly SentCopy[],
  marking: Marking,
): Promise<void> {
  for (const copy of copies) {
    const keywords = applyMarking(copy.keywords, marking);
    if (joinKeywords(keywords) === joinKeywords(copy.keywords)) continue;
    const folder = await requireFolder(tx, copy.folderId);
    const modseq = folder.highest_modseq + 1;
    await tx.run(
      'UPDATE message SET keywords = ?, modseq = ? WHERE folder_id = ? AND uid = ?',
      joinKeywords(keywords),
      modseq,
      copy.folderId,
      copy.uid,
    );
    // However many keywords the holder uses: these few always fit, a receipt must not fail for them.
    await noteKeywords(tx, copy.folderId, marking.wanted, Number.POSITIVE_INFINITY);
    await advanceFolder(tx, copy.folderId, { modseq, uidNext: folder.uid_next, delta: noDelta });
    noteChange(tx, mailboxId, copy.folderId);
  }
}

const noDelta = { messages: 0, unseen: 0, deleted: 0, recent: 0, size: 0 };

/** Others as they were; of these, the ones that stay in their place, new ones behind. */
function applyMarking(keywords: readonly string[], { among, wanted }: Marking): readonly string[] {
  const known = new Set(among.map(lowerAscii));
  const wantedKeys = new Set(wanted.map(lowerAscii));
  const kept = keywords.filter((keyword) => {
    const key = lowerAscii(keyword);
    return !known.has(key) || wantedKeys.has(key);
  });
  const present = new Set(kept.map(lowerAscii));
  return [...kept, ...wanted.filter((keyword) => !present.has(lowerAscii(keyword)))];
}

export interface NewSentCopy {
  readonly mailboxId: number;
  readonly messageId: string | undefined;
  readonly contentId: number;
  readonly size: number;
  readonly at: Instant;
  readonly keywords: readonly string[];
}

/**
 * Puts the message into the folder for sent mail, read. `quota`: a full mailbox keeps no copy, and nothing was
 * written.
 */
export async function storeSentCopy(tx: Transaction, copy: NewSentCopy): Promise<DeliveryOutcome> {
  const { mailboxId, messageId, contentId, size, at } = copy;
  return deliver(tx, {
    mailboxId,
    folder: await findSentFolder(tx, mailboxId, at),
    contentId,
    size,
    internalDate: at,
    flags: ['\\Seen', ...copy.keywords],
    messageId,
  });
}

/** The one that is for it (RFC 6154), else one by its usual name, made when it is not there. */
async function findSentFolder(tx: Transaction, mailboxId: number, at: Instant): Promise<string> {
  await ensureFirstFolders(tx, mailboxId, at);
  const row = await tx.get<{ name: string }>(
    `SELECT name FROM folder WHERE mailbox_id = ? AND special_use = '\\Sent'`,
    mailboxId,
  );
  if (row !== undefined) return row.name;
  await ensureFolder(tx, { mailboxId, name: 'Sent', at }, '\\Sent');
  return 'Sent';
}
