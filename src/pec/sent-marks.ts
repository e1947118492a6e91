/**
 * How a certified message fares, in keywords on its sender's own copy: what a plain mail program can show, and a
 * rule of it can act on. They follow the receipts (RFC 6109 §2.1) and are no receipts: proof are those.
 */
import type { RecipientState } from './lifecycle.ts';

export const sentMarks = {
  /** The access point accepted it: the acceptance receipt exists. */
  accepted: '$PEC-Accepted',
  /** Every certified recipient has its delivery receipt; never without a certified recipient. */
  delivered: '$PEC-Delivered',
  /** It was refused at the access point, or it failed for good for at least one recipient. */
  failed: '$PEC-Failed',
} as const;

export type SentMark = (typeof sentMarks)[keyof typeof sentMarks];

export const allSentMarks: readonly SentMark[] = Object.values(sentMarks);

/** How many recipients are in a state. */
export interface StateCount {
  readonly state: RecipientState;
  readonly certified: boolean;
  readonly count: number;
}

/** Non-delivery, virus and the 24 h notice (§3.1.6): a receipt that comes after it changes nothing any more. */
const failures: ReadonlySet<RecipientState> = new Set(['failed', 'infected', 'expired']);

/**
 * The keywords of an accepted message, or of a refused one (`undefined`). An ordinary recipient counts only when its
 * server refuses for good: nobody certifies that it was delivered to.
 */
export function decideSentMarks(recipients: readonly StateCount[] | undefined): readonly SentMark[] {
  if (recipients === undefined) return [sentMarks.failed];
  const certified = recipients.filter((recipient) => recipient.certified);
  const delivered = certified.length > 0 && certified.every(({ state }) => state === 'delivered');
  const failed = recipients.some(({ state }) => failures.has(state));
  return [
    sentMarks.accepted,
    ...(delivered ? [sentMarks.delivered] : []),
    ...(failed ? [sentMarks.failed] : []),
  ];
}
