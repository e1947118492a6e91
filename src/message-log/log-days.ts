/**
 * The days by which the indexes of the log are laid out: an entry is added among the pages of its day, whatever the
 * log has grown to, and a search looks into each day that it may be in, one seek a day. A day is 24 hours of UTC: it
 * orders pages and has no meaning in law.
 */
import type { ReadTransaction } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';

const dayMs = 86_400_000;

/** The same as `at / 86400000` in SQL. */
export function dayNumberOf(at: Instant): number {
  return Math.floor(at / dayMs);
}

/** The days that have rows at all, in order, from one seek each; the first and the last day that count are bound. */
export const addressDays = `WITH RECURSIVE days (day) AS (
  SELECT MIN(day) FROM message_log_address WHERE day >= ?
  UNION ALL
  SELECT (SELECT MIN(a.day) FROM message_log_address a WHERE a.day > days.day) FROM days WHERE days.day < ?)`;

export interface AddressDays {
  /** As `message_log_address` has it: lower case. */
  readonly key: string;
  /** Day numbers, both inclusive. */
  readonly from: number;
  readonly to: number;
  readonly limit: number;
}

/** The days on which there are entries about the address, in order. */
export async function listAddressDays(
  tx: ReadTransaction,
  { key, from, to, limit }: AddressDays,
): Promise<number[]> {
  const rows = await tx.all<{ day: number }>(
    `${addressDays} SELECT days.day FROM days WHERE days.day <= ?
       AND EXISTS (SELECT 1 FROM message_log_address a WHERE a.day = days.day AND a.address_key = ?) LIMIT ?`,
    from,
    to,
    to,
    key,
    limit,
  );
  return rows.map(({ day }) => day);
}

/** The identificativi of the messages with a Message-ID, which is bound. */
export const identificativiOfMsgid = `WITH RECURSIVE days (day) AS (
  SELECT MIN(day) FROM message_log_facts WHERE msgid IS NOT NULL
  UNION ALL
  SELECT (SELECT MIN(f.day) FROM message_log_facts f WHERE f.day > days.day AND f.msgid IS NOT NULL)
    FROM days WHERE days.day IS NOT NULL)
  SELECT f.identificativo FROM days CROSS JOIN message_log_facts f ON f.day = days.day AND f.msgid = ?`;
