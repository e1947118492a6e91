/**
 * The grammar of POP3 commands (RFC 1939 §3): a keyword, then arguments parted by single spaces. Lines are byte
 * strings: one character a byte, nothing decoded yet. More spaces than needed are taken, as clients send them.
 */
import { BadCommand } from '../refusal.ts';

export interface CommandLine {
  /** In upper case; empty for an empty line. */
  readonly keyword: string;
  /** All that follows the keyword and one space, exactly. */
  readonly rest: string;
}

/** Never throws: whatever it is, it has a keyword that may be none. */
export function splitCommand(line: string): CommandLine {
  const [, keyword = '', rest = ''] = /^([^ ]*)(?: (.*))?$/s.exec(line) ?? [];
  return { keyword: keyword.toUpperCase(), rest };
}

/** The arguments, between `least` and `most` of them. @throws {BadCommand} */
export function readArguments(rest: string, least: number, most: number): string[] {
  const found = rest.split(' ').filter((each) => each !== '');
  if (found.length < least) throw new BadCommand({ en: 'An argument is missing', it: 'Manca un argomento' });
  if (found.length > most)
    throw new BadCommand({ en: 'There are too many arguments', it: 'Ci sono troppi argomenti' });
  return found;
}

/** No arguments. @throws {BadCommand} */
export function readNothing(rest: string): void {
  readArguments(rest, 0, 0);
}

/** A number of ASCII digits, as message numbers and line counts are. @throws {BadCommand} */
export function parseCount(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new BadCommand({ en: 'A number is expected', it: 'Serve un numero' });
  return Number(text);
}

/** The Unicode text of a byte string: UTF-8 (RFC 6856 §2.2), or Latin-1 if it is none. */
export function decodeText(bytes: string): string {
  const text = Buffer.from(bytes, 'latin1').toString('utf8');
  return text.includes('\uFFFD') ? bytes : text;
}
