/** Instants as people write them on the command line: Italian legal time, unless a zone is named. */
import { InvalidArgumentError } from 'commander';
import type { Instant } from '../lib/time.ts';
import { localTime } from '../mime/date.ts';

const form = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?(Z|[+-]\d\d:?\d\d)?)?$/;

/**
 * `2026-11-21`, `2026-11-21T10:11:12`, `2026-11-21T10:11:12+01:00`; a bare day is its first instant.
 * @throws {InvalidArgumentError} when it is no such instant.
 */
export function parseBegin(text: string): Instant {
  return parse(text).at;
}

/** The same as the first instant after it: of a bare day, the next day. @throws {InvalidArgumentError} */
export function parseEnd(text: string): Instant {
  const { at, bareDay } = parse(text);
  if (!bareDay) return at;
  // Days of 23 and of 25 hours exist.
  const { year, month, day } = localTime(at + 36 * 3_600_000);
  return fromRome(Date.UTC(year, month - 1, day));
}

/** The first instant of a month (1 to 12; 13 is the next January) of the year, in Italian legal time. */
export function beginOfMonth(year: number, month: number): Instant {
  return fromRome(Date.UTC(year, month - 1, 1));
}

function parse(text: string): { readonly at: Instant; readonly bareDay: boolean } {
  const found = form.exec(text.trim());
  const [, year, month, day, hour, minute, second = '00', zone] = found ?? [];
  const wall = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour ?? 0),
    Number(minute ?? 0),
    Number(second),
  );
  const asWritten = `${year}-${month}-${day}T${hour ?? '00'}:${minute ?? '00'}:${second}.000Z`;
  // Date.UTC carries 31 February over into March.
  if (Number.isNaN(wall) || new Date(wall).toISOString() !== asWritten)
    throw new InvalidArgumentError('Write a day or an instant: 2026-11-21, 2026-11-21T10:11:12.');
  const at = zone === undefined ? fromRome(wall) : wall - offsetOf(zone);
  return { at, bareDay: hour === undefined };
}

/** Milliseconds east of UTC. */
function offsetOf(zone: string): number {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}

/** The instant when clocks in Rome show `wall` (as if it were UTC); the earlier one when they show it twice. */
function fromRome(wall: number): Instant {
  const offsetAt = (at: Instant) => localTime(at).offsetMinutes * 60_000;
  const early = wall - offsetAt(wall - 86_400_000);
  return offsetAt(early) === wall - early ? early : wall - offsetAt(early);
}
