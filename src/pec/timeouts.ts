import type { Instant } from '../lib/time.ts';

/**
 * When the sender is to be told that nothing was heard (RFC 6109 §3.1.6). A pure function of what happened and
 * of the time now, so that restarts and clock changes cannot lose or double a notice.
 *
 * | take-in-charge within 12 h | delivery | notices |
 * |---|---|---|
 * | yes | none | 24 h |
 * | no | between 12 h and 24 h | 12 h |
 * | no | none | 12 h and 24 h |
 */
const minute = 60_000;
const hour = 60 * minute;

/** Without a take-in-charge or an outcome until then, the 12 h notice is due. */
export const firstLimit = 12 * hour;

/**
 * When the transaction is closed: "by the 24-hour timeout, but not before 22 hours". Late in that window, so
 * that receipts still on their way count, and early enough to be with the sender before 24 h have passed.
 */
export const lastLimit = 23 * hour + 50 * minute;

export interface TimeoutState {
  readonly acceptedAt: Instant;
  /** When the take-in-charge receipt for this recipient came. */
  readonly takenInChargeAt?: Instant | undefined;
  /** When the outcome (delivery, failure, virus) was known: nothing is due after it. */
  readonly closedAt?: Instant | undefined;
  readonly notice12At?: Instant | undefined;
  readonly notice24At?: Instant | undefined;
  readonly now: Instant;
}

export type NextTimeout =
  /** Send this notice now. After the 24 h one the transaction is closed. */
  | { readonly kind: 'due'; readonly hours: 12 | 24 }
  /** Look again at `at`; never before `now`. */
  | { readonly kind: 'wait'; readonly at: Instant }
  /** Nothing will ever be due for this recipient. */
  | { readonly kind: 'closed' };

/** The next notice for one certified recipient of an accepted message. */
export function nextTimeout(state: TimeoutState): NextTimeout {
  const { acceptedAt, closedAt, notice12At, notice24At, now } = state;
  if (closedAt !== undefined || notice24At !== undefined) return { kind: 'closed' };
  const first = acceptedAt + firstLimit;
  if (notice12At === undefined && !isTakenBy(state, first)) {
    return now >= first ? { kind: 'due', hours: 12 } : { kind: 'wait', at: first };
  }
  const last = acceptedAt + lastLimit;
  return now >= last ? { kind: 'due', hours: 24 } : { kind: 'wait', at: last };
}

/** A take-in-charge after the limit does not undo that nothing was heard in the first 12 hours. */
function isTakenBy({ takenInChargeAt }: TimeoutState, limit: Instant): boolean {
  return takenInChargeAt !== undefined && takenInChargeAt <= limit;
}
