/** Dates as IMAP writes them (RFC 3501 §9 date, date-time). Everything is UTC inside. */
import type { Instant } from '../../lib/time.ts';
import { SyntaxProblem } from './syntax.ts';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
export const dayLength = 86_400_000;

const twoDigits = (value: number): string => (value < 10 ? `0${value}` : `${value}`);

/** `17-Jul-2026 02:44:25 +0000`, without the quotes; the day has two digits (date-day-fixed). */
export function formatDateTime(at: Instant): string {
  const date = new Date(at);
  const day = twoDigits(date.getUTCDate());
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(twoDigits).join(':');
  return `${day}-${months[date.getUTCMonth()]}-${`${date.getUTCFullYear()}`.padStart(4, '0')} ${time} +0000`;
}

/** `17-Jul-2026` → midnight UTC of that day. @throws {SyntaxProblem} */
export function parseDay(text: string): Instant {
  const found = /^(\d{1,2})-([A-Za-z]{3})-(\d{4})$/.exec(text);
  const at = found === null ? Number.NaN : dayOf(found);
  if (Number.isNaN(at)) throw new SyntaxProblem('A date is expected, such as 17-Jul-2026');
  return at;
}

/** `17-Jul-2026 02:44:25 +0200` → instant. @throws {SyntaxProblem} */
export function parseDateTime(text: string): Instant {
  const found = /^([ \d]\d)-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/.exec(text);
  const day = found === null ? Number.NaN : dayOf(found);
  if (found === null || Number.isNaN(day)) {
    throw new SyntaxProblem('A date and time is expected, such as "17-Jul-2026 02:44:25 +0200"');
  }
  const [hours = 0, minutes = 0, seconds = 0] = found.slice(4, 7).map(Number);
  if (hours > 23 || minutes > 59 || seconds > 60) throw new SyntaxProblem('No such time of day');
  const offset = (Number(found[8]) * 60 + Number(found[9])) * (found[7] === '-' ? -1 : 1);
  return day + ((hours * 60 + minutes - offset) * 60 + seconds) * 1000;
}

function dayOf(found: RegExpExecArray): Instant {
  const day = Number(found[1]);
  const month = months.findIndex((name) => name.toLowerCase() === found[2]?.toLowerCase());
  if (month < 0 || day < 1 || day > 31) return Number.NaN;
  const at = new Date(0);
  at.setUTCFullYear(Number(found[3]), month, day);
  return at.getUTCDate() === day ? at.getTime() : Number.NaN;
}
