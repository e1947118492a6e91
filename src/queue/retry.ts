import type { Instant } from '../lib/time.ts';

/**
 * When a message that met a temporary failure is tried again: often at first, since most failures are short,
 * then every half hour until the 24 h limit on idle messages (RFC 6109 §2.2.2, RFC 5321 §4.5.4.1).
 */
const minute = 60_000;
const delays = [minute / 2, minute, 2 * minute, 5 * minute, 10 * minute, 15 * minute] as const;
const steadyDelay = 30 * minute;

/** RFC 6109 §2.2.2: "a time limit for message idleness equal to 24 hours". */
export const idleLimit = 24 * 60 * minute;

export interface AttemptRecord {
  /** Attempts made so far, this failure included; at least 1. */
  readonly attempts: number;
  readonly now: Instant;
  readonly expiresAt: Instant;
}

/**
 * The instant of the next attempt, or `expired` when none fits before the limit. The last attempt is moved
 * forward to a minute before the limit so that the whole time is used.
 */
export function nextAttempt({ attempts, now, expiresAt }: AttemptRecord): Instant | 'expired' {
  const lastChance = expiresAt - minute;
  if (now >= lastChance) return 'expired';
  const planned = now + (delays[attempts - 1] ?? steadyDelay);
  return Math.min(planned, lastChance);
}
