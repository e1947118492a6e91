/**
 * How many recipients a mailbox has written to, and whether it may write to more now. Counted by spans of five
 * minutes: a span counts until all of it has left the window, so that no limit is ever passed.
 */
import type { ReadTransaction, Transaction } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';

/** Undefined = no limit. */
export interface SendingLimits {
  readonly perHour: number | undefined;
  readonly perDay: number | undefined;
}

export interface SendingQuestion {
  readonly mailboxId: number;
  /** Recipients of the message that is to be sent. */
  readonly recipients: number;
  readonly at: Instant;
}

export interface RateBreach {
  readonly window: 'hour' | 'day';
  readonly limit: number;
  /** Recipients that count in the window now. */
  readonly sent: number;
  /** When the message would fit; undefined for one with more recipients than the limit. */
  readonly fitsAt: Instant | undefined;
}

const spanMs = 5 * 60_000;
const windows = { hour: 3_600_000, day: 24 * 3_600_000 } as const;
/** Counts are of no use after this time, milliseconds. */
export const longestWindowMs = windows.day + spanMs;

/** The limit that the message would pass; of two the one that lasts longer. */
export async function findRateBreach(
  tx: ReadTransaction,
  question: SendingQuestion,
  { perHour, perDay }: SendingLimits,
): Promise<RateBreach | undefined> {
  const ofDay = perDay === undefined ? undefined : await checkWindow(tx, question, 'day', perDay);
  if (ofDay !== undefined || perHour === undefined) return ofDay;
  return checkWindow(tx, question, 'hour', perHour);
}

/** Counts the recipients of an accepted message, in the transaction that accepts it. */
export async function countSent(
  tx: Transaction,
  { mailboxId, recipients, at }: SendingQuestion,
): Promise<void> {
  await tx.run(
    `INSERT INTO sent_recipients (mailbox_id, slot, recipients) VALUES (?, ?, ?)
       ON CONFLICT (mailbox_id, slot) DO UPDATE SET recipients = recipients + excluded.recipients`,
    mailboxId,
    at - (at % spanMs),
    recipients,
  );
}

/** Removes counts that no window reaches any more; how many. */
export async function forgetSent(tx: Transaction, at: Instant): Promise<number> {
  const { changes } = await tx.run('DELETE FROM sent_recipients WHERE slot < ?', at - longestWindowMs);
  return changes;
}

async function checkWindow(
  tx: ReadTransaction,
  { mailboxId, recipients, at }: SendingQuestion,
  window: keyof typeof windows,
  limit: number,
): Promise<RateBreach | undefined> {
  const lastsMs = spanMs + windows[window];
  const spans = await tx.all<{ slot: number; recipients: number }>(
    'SELECT slot, recipients FROM sent_recipients WHERE mailbox_id = ? AND slot > ? ORDER BY slot',
    mailboxId,
    at - lastsMs,
  );
  const sent = spans.reduce((sum, span) => sum + span.recipients, 0);
  if (sent + recipients <= limit) return undefined;
  let left = sent;
  const last = spans.find((span) => {
    left -= span.recipients;
    return left + recipients <= limit;
  });
  const fitsAt = recipients > limit || last === undefined ? undefined : last.slot + lastsMs;
  return { window, limit, sent, fitsAt };
}
