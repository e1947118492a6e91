/** Arithmetic on validity periods; certificates know whole seconds. */
import type { Instant } from '../lib/time.ts';

export function startOfSecond(at: Instant): Instant {
  return Math.floor(at / 1000) * 1000;
}

/** The same day and time `years` later, UTC; 29 February becomes 1 March. */
export function addYears(at: Instant, years: number): Instant {
  const date = new Date(at);
  return date.setUTCFullYear(date.getUTCFullYear() + years);
}

export function addDays(at: Instant, days: number): Instant {
  return at + days * 86_400_000;
}
