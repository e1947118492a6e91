/**
 * Threads of a mailbox (THREADID, RFC 8474 §5.2). A message joins the thread of the first message id it shares
 * with one seen before, else it begins one; what it was told stays, also when a later message shows that two
 * threads were one. A content has one thread wherever it stands. Worked out when somebody asks, once.
 */
import { createHash } from 'node:crypto';
import type { ReadTransaction, Transaction } from '../db/database.ts';

/** A content with the message ids that {@link readThreadReferences} found. */
export interface Referring {
  readonly contentId: number;
  readonly references: readonly string[];
}

/** The threads that are known already, by content. */
export async function readThreads(
  tx: ReadTransaction,
  mailboxId: number,
  contentIds: readonly number[],
): Promise<Map<number, number>> {
  const threads = new Map<number, number>();
  for (const contentId of contentIds) {
    const row = await tx.get<{ thread_id: number }>(
      'SELECT thread_id FROM content_thread WHERE content_id = ? AND mailbox_id = ?',
      contentId,
      mailboxId,
    );
    if (row !== undefined) threads.set(contentId, row.thread_id);
  }
  return threads;
}

/** Gives each content its thread, in the order given; those that have one or are gone by now are left alone. */
export async function assignThreads(
  tx: Transaction,
  mailboxId: number,
  contents: readonly Referring[],
): Promise<void> {
  const known = await readThreads(
    tx,
    mailboxId,
    contents.map(({ contentId }) => contentId),
  );
  for (const { contentId, references } of contents) {
    if (known.has(contentId)) continue;
    const digests = references.map(digestOf);
    const threadId =
      (await findElsewhere(tx, contentId)) ??
      (await findByReference(tx, mailboxId, digests)) ??
      (await insertThread(tx, mailboxId));
    await tx.run(
      `INSERT INTO content_thread (content_id, mailbox_id, thread_id) SELECT id, ?, ? FROM content WHERE id = ?
         ON CONFLICT DO NOTHING`,
      mailboxId,
      threadId,
      contentId,
    );
    for (const digest of digests) {
      await tx.run(
        'INSERT INTO thread_reference (mailbox_id, digest, thread_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
        mailboxId,
        digest,
        threadId,
      );
    }
  }
}

/** When the mailbox is emptied for good. What stands beside contents goes with them. */
export async function removeThreads(tx: Transaction, mailboxId: number): Promise<void> {
  await tx.run('DELETE FROM thread_reference WHERE mailbox_id = ?', mailboxId);
  await tx.run('DELETE FROM thread WHERE mailbox_id = ?', mailboxId);
}

/** RFC 8474 §5.2: one EMAILID, one THREADID. */
async function findElsewhere(tx: ReadTransaction, contentId: number): Promise<number | undefined> {
  const row = await tx.get<{ thread_id: number }>(
    'SELECT thread_id FROM content_thread WHERE content_id = ? LIMIT 1',
    contentId,
  );
  return row?.thread_id;
}

async function findByReference(
  tx: ReadTransaction,
  mailboxId: number,
  digests: readonly Uint8Array[],
): Promise<number | undefined> {
  for (const digest of digests) {
    const row = await tx.get<{ thread_id: number }>(
      'SELECT thread_id FROM thread_reference WHERE mailbox_id = ? AND digest = ?',
      mailboxId,
      digest,
    );
    if (row !== undefined) return row.thread_id;
  }
  return undefined;
}

async function insertThread(tx: Transaction, mailboxId: number): Promise<number> {
  const row = await tx.get<{ id: number }>(
    'INSERT INTO thread (mailbox_id) VALUES (?) RETURNING id',
    mailboxId,
  );
  if (row === undefined) throw new Error('INSERT INTO thread returned no row');
  return row.id;
}

/** Message ids may be long; half a SHA-256 tells them apart. */
function digestOf(reference: string): Uint8Array {
  return createHash('sha256').update(reference, 'latin1').digest().subarray(0, 16);
}
