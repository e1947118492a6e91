/** How values are written in responses (RFC 3501 §9). All results are byte strings. */
import { isAsciiText } from '../../lib/bytes.ts';
import { isAtom } from './arguments.ts';
import { toByteString } from './syntax.ts';

const longestQuoted = 1000;

/** True when the byte string may stand between quotes: no CR, LF, NUL, and 8-bit only as enabled UTF-8. */
function isQuotable(bytes: string, utf8: boolean): boolean {
  return bytes.length <= longestQuoted && !/[\r\n\x00]/.test(bytes) && (utf8 || isAsciiText(bytes));
}

/** string: quoted where possible, else a literal. */
export function formatString(bytes: string, utf8 = false): string {
  if (isQuotable(bytes, utf8)) return `"${bytes.replace(/["\\]/g, '\\$&')}"`;
  return `{${bytes.length}}\r\n${bytes}`;
}

export function formatNstring(bytes: string | undefined, utf8 = false): string {
  return bytes === undefined ? 'NIL' : formatString(bytes, utf8);
}

/** astring: an atom where possible. `NIL` is quoted, it would read as nothing. */
export function formatAstring(bytes: string): string {
  return isAtom(bytes) && bytes.toUpperCase() !== 'NIL' ? bytes : formatString(bytes);
}

/** `(item item)`. */
export function formatList(items: readonly string[]): string {
  return `(${items.join(' ')})`;
}

/**
 * resp-text for people: one line, ASCII unless the client enabled UTF-8 (RFC 9051 §9 text).
 */
export function formatText(text: string, utf8: boolean): string {
  const line = text.replace(/[\r\n\x00]+/g, ' ').trim();
  if (utf8 || isAsciiText(line)) return toByteString(line);
  return line
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\x20-\x7e]/gu, '?');
}
