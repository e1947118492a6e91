/** How far a provider is with its mail, from its rows. */
import type { ReadTransaction } from '../../src/db/database.ts';

/** Without an outcome yet; of ordinary recipients the hand-over is the outcome. */
const isOpen = `(state IN ('accepted', 'taken-in-charge') OR (state = 'relayed' AND certified = 1))`;

/** What is due at `now` and not done yet, in words. */
export async function listDue(tx: ReadTransaction, now: number): Promise<string[]> {
  const queued = await tx.all<{ what: string }>(
    `SELECT kind || ' to ' || recipient || ' tries ' || attempts || ' lease ' || COALESCE(lease_owner, '') || ' ' ||
       COALESCE(last_text, '') AS what FROM outgoing WHERE held = 0 AND next_at <= ?`,
    now,
  );
  const due = await tx.all<{ what: string }>(
    `SELECT state || ' ' || address || ' lease ' || COALESCE(lease_owner, '') AS what FROM pec_recipient
       WHERE next_at <= ?`,
    now,
  );
  return [...queued, ...due].map(({ what }) => what);
}

/** True when every recipient has its outcome and nothing waits in the queue, also for later. */
export async function isAllSettled(tx: ReadTransaction): Promise<boolean> {
  const open = await tx.get(`SELECT 1 FROM pec_recipient WHERE ${isOpen} LIMIT 1`);
  const queued = await tx.get('SELECT 1 FROM outgoing LIMIT 1');
  return open === undefined && queued === undefined;
}

/** Messages of which not every recipient has its outcome. */
export async function countInFlight(tx: ReadTransaction): Promise<number> {
  const row = await tx.get<{ count: number }>(
    `SELECT COUNT(DISTINCT message_id) AS count FROM pec_recipient WHERE ${isOpen}`,
  );
  return row?.count ?? 0;
}
