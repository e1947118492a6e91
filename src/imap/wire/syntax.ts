/**
 * The alphabet of IMAP (RFC 3501 §9) and the one error a malformed command raises. Wire text is handled as
 * "byte strings": JavaScript strings with one character per byte (Latin-1), so that nothing is decoded
 * before someone knows the charset.
 */
import { isAsciiText } from '../../lib/bytes.ts';

/** A command the grammar does not allow; answered with a tagged BAD and this text. */
export class SyntaxProblem extends Error {
  constructor(text: string) {
    super(text);
    this.name = 'SyntaxProblem';
  }
}

/** A sequence number from a client that said it uses none (RFC 9586 §3). */
export class UidRequired extends SyntaxProblem {
  constructor() {
    super('Message numbers are not allowed once UIDONLY is enabled; use UIDs');
    this.name = 'UidRequired';
  }
}

const atomSpecials = '(){ %*"\\]';

const buildTable = (accepts: (code: number) => boolean): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, code) => (accepts(code) ? 1 : 0));

const isPrintable = (code: number) => code > 0x20 && code < 0x7f;
const isSpecial = (code: number) => atomSpecials.includes(String.fromCharCode(code));

/**
 * Bytes above 127 are taken in atoms although the grammar forbids them: clients send mailbox names and
 * keywords in UTF-8 there, and refusing would help nobody.
 */
const atomTable = buildTable((code) => (isPrintable(code) && !isSpecial(code)) || code >= 0x80);
const astringTable = buildTable((code) => atomTable[code] === 1 || code === 0x5d);
const tagTable = buildTable((code) => code < 0x80 && astringTable[code] === 1 && code !== 0x2b);
const listTable = buildTable((code) => astringTable[code] === 1 || code === 0x25 || code === 0x2a);

/** ATOM-CHAR. */
export const isAtomChar = (code: number): boolean => atomTable[code] === 1;
/** ASTRING-CHAR: an atom character or `]`. */
export const isAstringChar = (code: number): boolean => astringTable[code] === 1;
/** A character of a tag: ASTRING-CHAR but `+`. */
export const isTagChar = (code: number): boolean => tagTable[code] === 1;
/** list-char: ASTRING-CHAR or a wildcard. */
export const isListChar = (code: number): boolean => listTable[code] === 1;

/** True when all characters of `text` satisfy `accepts` and there is at least one. */
export function consistsOf(text: string, accepts: (code: number) => boolean): boolean {
  for (let at = 0; at < text.length; at++) if (!accepts(text.charCodeAt(at))) return false;
  return text.length > 0;
}

/** A byte string of the UTF-8 form of `text`. */
export function toByteString(text: string): string {
  return isAsciiText(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** The Unicode text of a byte string: UTF-8 if it is valid, else Latin-1. */
export function fromByteString(bytes: string): string {
  if (isAsciiText(bytes)) return bytes;
  const buffer = Buffer.from(bytes, 'latin1');
  const text = buffer.toString('utf8');
  return text.includes('\uFFFD') ? bytes : text;
}
