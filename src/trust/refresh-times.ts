/** When a revocation list or an OCSP answer is fetched again, and how long it counts: pure. */
import type { Instant } from '../lib/time.ts';

export interface DocumentTimes {
  readonly thisUpdate: Instant;
  /** Undefined: its issuer does not say when the next one comes. */
  readonly nextUpdate: Instant | undefined;
  readonly fetchedAt: Instant;
}

const minute = 60_000;
const hour = 60 * minute;

/**
 * While it counts as current: up to `nextUpdate`, and not longer after the fetch than `maxAgeMs`. Without
 * `nextUpdate` never (RFC 5280 §5.1.2.5).
 */
export function decideFreshUntil(
  { nextUpdate, fetchedAt }: DocumentTimes,
  maxAgeMs: number,
): Instant | undefined {
  return nextUpdate === undefined ? undefined : Math.min(nextUpdate, fetchedAt + maxAgeMs);
}

/**
 * After half the age allowed, so that there is time to try again; before `nextUpdate`, since the next one is
 * usually there earlier; not more often than every five minutes.
 */
export function decideNextFetch(times: DocumentTimes, maxAgeMs: number): Instant {
  const { thisUpdate, nextUpdate, fetchedAt } = times;
  const byAge = fetchedAt + maxAgeMs / 2;
  const byDate =
    nextUpdate === undefined
      ? Number.POSITIVE_INFINITY
      : nextUpdate - Math.min(hour, Math.max(0, nextUpdate - thisUpdate) / 10);
  return Math.max(Math.min(byAge, byDate), fetchedAt + 5 * minute);
}

/** After the n-th failure in a row (from 1): a minute, two, four, … up to an hour. */
export function decideRetry(triedAt: Instant, failures: number): Instant {
  return triedAt + Math.min(hour, minute * 2 ** Math.min(failures - 1, 10));
}
