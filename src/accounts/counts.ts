/** How many domains and mailboxes there are now: what the provider reports to AgID. */
import type { ReadTransaction } from '../db/database.ts';

export interface AccountCounts {
  readonly domains: number;
  /** Without those that were removed. */
  readonly mailboxes: number;
}

export async function countAccounts(tx: ReadTransaction): Promise<AccountCounts> {
  const row = await tx.get<{ domains: number; mailboxes: number }>(
    `SELECT (SELECT COUNT(*) FROM domain) AS domains,
       (SELECT COUNT(*) FROM mailbox WHERE removed_at IS NULL) AS mailboxes`,
  );
  return row ?? { domains: 0, mailboxes: 0 };
}
