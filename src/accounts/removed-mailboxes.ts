/** Removed mailboxes whose messages still stand: for the mailbox room to empty. */
import type { ReadTransaction, Transaction } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';

/** Ids of mailboxes removed at `before` or earlier and not emptied yet, oldest first. */
export async function listToEmpty(tx: ReadTransaction, before: Instant, limit: number): Promise<number[]> {
  const rows = await tx.all<{ id: number }>(
    `SELECT id FROM mailbox WHERE removed_at IS NOT NULL AND emptied_at IS NULL AND removed_at <= ?
       ORDER BY removed_at LIMIT ?`,
    before,
    limit,
  );
  return rows.map(({ id }) => id);
}

/** Nothing of the mailbox's messages is left. */
export async function markEmptied(tx: Transaction, mailboxId: number, at: Instant): Promise<void> {
  await tx.run('UPDATE mailbox SET emptied_at = ? WHERE id = ?', at, mailboxId);
}
