/**
 * Certified messages that have their end for every recipient: the envelope is let go after a while, the rows when
 * the message log lets go of its own. What is under way is never touched, however old.
 */
import { releaseContents } from '../content/content.ts';
import type { ReadTransaction, Transaction } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';
import { isFinal, recipientStates } from '../pec/lifecycle.ts';

export interface Closed {
  /** Accepted, or arrived, before. */
  readonly before: Instant;
  /** Most messages in this transaction. */
  readonly limit: number;
}

const finalStates = recipientStates.filter((state) => isFinal(state));
const list = finalStates.map((state) => `'${state}'`).join(', ');
/** Names come from the state table, not from outside. */
const isClosed = `NOT EXISTS (SELECT 1 FROM pec_recipient r WHERE r.message_id = m.id
  AND r.state NOT IN (${list}) AND NOT (r.certified = 0 AND r.state = 'relayed'))`;

interface ClosedRow {
  id: number;
  envelope_id: number | null;
}

/** Gives up the envelopes of closed messages; mailboxes keep what they hold. How many. */
export async function releaseEnvelopes(tx: Transaction, closed: Closed): Promise<number> {
  const rows = await findClosed(tx, 'm.envelope_id IS NOT NULL', closed);
  for (const { id } of rows) await tx.run('UPDATE pec_message SET envelope_id = NULL WHERE id = ?', id);
  await releaseContents(tx, contentsOf(rows));
  return rows.length;
}

/** Removes the rows of closed messages; how many messages. */
export async function forgetMessages(tx: Transaction, closed: Closed): Promise<number> {
  const rows = await findClosed(tx, 'TRUE', closed);
  for (const { id } of rows) {
    await tx.run('DELETE FROM pec_recipient WHERE message_id = ?', id);
    await tx.run('DELETE FROM pec_message WHERE id = ?', id);
  }
  await releaseContents(tx, contentsOf(rows));
  return rows.length;
}

function findClosed(
  tx: ReadTransaction,
  condition: string,
  { before, limit }: Closed,
): Promise<readonly ClosedRow[]> {
  return tx.all<ClosedRow>(
    `SELECT m.id, m.envelope_id FROM pec_message m WHERE m.at < ? AND ${condition} AND ${isClosed}
       ORDER BY m.at LIMIT ?`,
    before,
    limit,
  );
}

function contentsOf(rows: readonly ClosedRow[]): number[] {
  return rows.flatMap(({ envelope_id: id }) => (id === null ? [] : [id]));
}
