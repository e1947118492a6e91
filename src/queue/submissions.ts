/**
 * What each mailbox submitted last under a Message-ID of its own: by it the outcome of a certified message finds
 * the copy its sender keeps, and a copy that is stored later finds the outcome.
 */
import { createHash } from 'node:crypto';
import type { ReadTransaction, Transaction } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';
import type { RecipientState } from '../pec/lifecycle.ts';

export interface Submitted {
  readonly mailboxId: number;
  /** As the client wrote it, with its angle brackets. */
  readonly msgid: string;
  /** Row of the certified message; undefined = the access point refused it. */
  readonly messageId: number | undefined;
  readonly at: Instant;
}

/** The mailbox's last submission under the Message-ID. */
export async function recordSubmission(tx: Transaction, submitted: Submitted): Promise<void> {
  await tx.run(
    `INSERT INTO submission (digest, mailbox_id, message_id, at) VALUES (?, ?, ?, ?)
       ON CONFLICT (digest, mailbox_id) DO UPDATE SET message_id = excluded.message_id, at = excluded.at`,
    digestOf(submitted.msgid),
    submitted.mailboxId,
    submitted.messageId ?? null,
    submitted.at,
  );
}

/** Undefined when the mailbox submitted nothing under it, or long ago. */
export async function findSubmission(
  tx: ReadTransaction,
  mailboxId: number,
  msgid: string,
): Promise<{ readonly messageId: number | undefined } | undefined> {
  const row = await tx.get<{ message_id: number | null }>(
    'SELECT message_id FROM submission WHERE digest = ? AND mailbox_id = ?',
    digestOf(msgid),
    mailboxId,
  );
  return row === undefined ? undefined : { messageId: row.message_id ?? undefined };
}

/** The mailbox that submitted the message, unless it has sent another under the same Message-ID since. */
export async function findSubmitter(
  tx: ReadTransaction,
  messageId: number,
  msgid: string,
): Promise<number | undefined> {
  const row = await tx.get<{ mailbox_id: number }>(
    'SELECT mailbox_id FROM submission WHERE digest = ? AND message_id = ?',
    digestOf(msgid),
    messageId,
  );
  return row?.mailbox_id;
}

/** How many recipients of a message are in each state. */
export async function countStates(
  tx: ReadTransaction,
  messageId: number,
): Promise<{ readonly state: RecipientState; readonly certified: boolean; readonly count: number }[]> {
  const rows = await tx.all<{ state: RecipientState; certified: number; count: number }>(
    `SELECT state, certified, COUNT(*) AS count FROM pec_recipient WHERE message_id = ?
       GROUP BY state, certified`,
    messageId,
  );
  return rows.map(({ state, certified, count }) => ({ state, certified: certified === 1, count }));
}

/** Copies that old are not looked for any more; how many submissions. */
export async function forgetSubmissions(
  tx: Transaction,
  { before, limit }: { readonly before: Instant; readonly limit: number },
): Promise<number> {
  const { changes } = await tx.run(
    `DELETE FROM submission WHERE (digest, mailbox_id) IN
       (SELECT digest, mailbox_id FROM submission WHERE at < ? ORDER BY at LIMIT ?)`,
    before,
    limit,
  );
  return changes;
}

/** Message-IDs may be long; half a SHA-256 tells them apart. */
function digestOf(msgid: string): Uint8Array {
  return createHash('sha256').update(msgid).digest().subarray(0, 16);
}
