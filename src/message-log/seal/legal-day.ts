/** The legal day: Italian time, from midnight to midnight; 23 or 25 hours long twice a year. Pure. */
import type { Instant } from '../../lib/time.ts';
import { localTime } from '../../mime/date.ts';

export interface LegalDay {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  /** Its first instant. */
  readonly start: Instant;
  /** The first instant of the next one. */
  readonly end: Instant;
}

export function legalDayOf(at: Instant): LegalDay {
  const { year, month, day } = localTime(at);
  const text = [String(year).padStart(4, '0'), two(month), two(day)].join('-');
  return { day: text, start: midnight(year, month, day), end: midnight(year, month, day + 1) };
}

/** The same time of day so many months before; on the last day of a shorter month where there is no such day. */
export function monthsBefore(at: Instant, months: number): Instant {
  const { year, month, day, hour, minute, second } = localTime(at);
  const lastDay = new Date(Date.UTC(year, month - months, 0)).getUTCDate();
  const wall = Date.UTC(year, month - 1 - months, Math.min(day, lastDay), hour, minute, second);
  return instantOf(wall);
}

function midnight(year: number, month: number, day: number): Instant {
  return instantOf(Date.UTC(year, month - 1, day));
}

/** From the wall clock, written as if it were UTC; the second look settles days on which the offset changes. */
function instantOf(wall: number): Instant {
  const guess = wall - localTime(wall).offsetMinutes * 60_000;
  return wall - localTime(guess).offsetMinutes * 60_000;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
