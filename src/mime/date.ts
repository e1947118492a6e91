/**
 * Dates as mail writes them. The time zone of everything a PEC provider says is Italian legal time
 * (RFC 6109 §4.1, pec-wire). No clock is read; the time comes in as a value.
 */
import type { Instant } from '../lib/time.ts';

export interface LocalTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  /** 0 (Sunday) to 6. */
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** Minutes east of UTC. */
  readonly offsetMinutes: number;
}

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const ROME = 'Europe/Rome';

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterFor(zone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(zone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formatters.set(zone, formatter);
  }
  return formatter;
}

/** Zones change their offset at whole quarters of an hour, and since then to whole minutes. */
const quarterMs = 900_000;
const wholeMinutesSince = Date.UTC(1973, 0);
/** Offset of the quarter of an hour last asked for, by zone: asking the formatter each time is slow. */
const offsets = new Map<string, { readonly quarter: number; readonly offsetMinutes: number }>();

/**
 * The wall clock of a time zone.
 *
 * @param zone IANA name, e.g. `Europe/Rome`
 * @throws {RangeError} for a zone nobody knows or an instant no date has
 */
export function localTime(at: Instant, zone: string = ROME): LocalTime {
  const quarter = Math.floor(at / quarterMs);
  const known = offsets.get(zone);
  if (known?.quarter === quarter) return readWall(at, known.offsetMinutes);
  const time = askFormatter(at, zone);
  if (at >= wholeMinutesSince) offsets.set(zone, { quarter, offsetMinutes: time.offsetMinutes });
  return time;
}

function readWall(at: Instant, offsetMinutes: number): LocalTime {
  const wall = new Date(Math.floor(at / 1000) * 1000 + offsetMinutes * 60_000);
  return {
    year: wall.getUTCFullYear(),
    month: wall.getUTCMonth() + 1,
    day: wall.getUTCDate(),
    weekday: wall.getUTCDay(),
    hour: wall.getUTCHours(),
    minute: wall.getUTCMinutes(),
    second: wall.getUTCSeconds(),
    offsetMinutes,
  };
}

function askFormatter(at: Instant, zone: string): LocalTime {
  const parts: Record<string, number> = {};
  for (const part of formatterFor(zone).formatToParts(at)) parts[part.type] = Number(part.value);
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts;
  const wall = Date.UTC(year, month - 1, day, hour, minute, second);
  const offsetMinutes = Math.round((wall - Math.floor(at / 1000) * 1000) / 60_000);
  return { year, month, day, weekday: new Date(wall).getUTCDay(), hour, minute, second, offsetMinutes };
}

/** RFC 5322 §3.3, e.g. `Sun, 22 Nov 2026 10:11:12 +0100`. */
export function formatDate(at: Instant, zone: string = ROME): string {
  const t = localTime(at, zone);
  return `${WEEKDAYS[t.weekday]}, ${t.day} ${MONTHS[t.month - 1]} ${pad(t.year, 4)} ${clockOf(t)} ${zoneOf(t)}`;
}

/** The pieces daticert.xml and the readable texts need: `dd/mm/yyyy`, `hh:mm:ss`, `+0100`, in Italian time. */
export function romeTime(at: Instant): { day: string; time: string; zone: string } {
  const t = localTime(at, ROME);
  return { day: `${pad(t.day, 2)}/${pad(t.month, 2)}/${pad(t.year, 4)}`, time: clockOf(t), zone: zoneOf(t) };
}

function clockOf(t: LocalTime): string {
  return `${pad(t.hour, 2)}:${pad(t.minute, 2)}:${pad(t.second, 2)}`;
}

function zoneOf(t: LocalTime): string {
  const minutes = Math.abs(t.offsetMinutes);
  return `${t.offsetMinutes < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60), 2)}${pad(minutes % 60, 2)}`;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

/** RFC 5322 §4.3: hours of the named zones; all other letters mean "unknown", taken as UTC. */
const NAMED_ZONES: Readonly<Record<string, number>> = {
  EST: -5,
  EDT: -4,
  CST: -6,
  CDT: -5,
  MST: -7,
  MDT: -6,
  PST: -8,
  PDT: -7,
  CET: 1,
  CEST: 2,
};

const DATE =
  /^(?:[a-z]{2,9}[.,]?\s{1,9}|[a-z]{2,9},)?\s{0,9}(\d{1,2})[ \t-]{1,9}([a-z]{3})[a-z]{0,6}[ \t-]{1,9}(\d{2,4})\s{1,9}(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,]\d{1,9})?)?\s{0,9}([+-]\d{4}|[a-z]{1,5})?/i;

/**
 * A Date field's value, raw or unfolded, also in the obsolete forms (two-digit year, named zone, no seconds,
 * no weekday). Undefined when it is no date. A missing or unknown zone counts as UTC.
 */
export function parseDate(value: string): Instant | undefined {
  const found = DATE.exec(cleanDate(value));
  if (found === null) return undefined;
  const [, dayText, monthText = '', yearText = '', hourText, minuteText, secondText = '0', zone = '+0000'] =
    found;
  const month = MONTHS.findIndex((name) => name.toLowerCase() === monthText.toLowerCase());
  const [day, hour, minute, second] = [dayText, hourText, minuteText, secondText].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  if (month < 0 || hour > 23 || minute > 59 || second > 60) return undefined;
  const year = fullYear(yearText);
  const wall = Date.UTC(year, month, day, hour, minute, second);
  // Date.UTC rolls 31 February over to March; such a day is no date.
  if (new Date(Date.UTC(year, month, day)).getUTCDate() !== day) return undefined;
  return wall - zoneMinutes(zone) * 60_000;
}

/** Without comments and line ends, and no longer than any date is. */
function cleanDate(value: string): string {
  return value
    .slice(0, 200)
    .replace(/\([^()]*\)/g, ' ')
    .replace(/[\r\n]/g, '')
    .trim();
}

/** RFC 5322 §4.3: 00 to 49 mean 2000 to 2049, other two- and three-digit years count from 1900. */
function fullYear(text: string): number {
  const year = Number(text);
  if (text.length === 2 && year < 50) return 2000 + year;
  return text.length < 4 ? 1900 + year : year;
}

function zoneMinutes(zone: string): number {
  if (/^[+-]/.test(zone)) {
    const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3, 5));
    return zone.startsWith('-') ? -minutes : minutes;
  }
  return (NAMED_ZONES[zone.toUpperCase()] ?? 0) * 60;
}
