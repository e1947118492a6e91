/**
 * Mailbox names on the wire: the modified UTF-7 of RFC 3501 §5.1.3 for IMAP4rev1, UTF-8 for clients that
 * enabled it (RFC 9051 §5.1, RFC 6855 §3). Inside, names are Unicode in NFC with `/` between levels.
 */
import { isAsciiText } from '../../lib/bytes.ts';
import { fromByteString, SyntaxProblem, toByteString } from './syntax.ts';

const hasShift = /[^\x20-\x7e]|&/;

/** Unicode to modified UTF-7. */
export function encodeMailboxName(name: string): string {
  if (!hasShift.test(name)) return name;
  return name.replaceAll('&', '&-').replace(/[^\x20-\x7e]+/g, (run) => `&${encodeBase64(run)}-`);
}

function encodeBase64(run: string): string {
  const utf16 = Buffer.from(run, 'utf16le').swap16();
  return utf16.toString('base64').replace(/=+$/, '').replaceAll('/', ',');
}

/** Modified UTF-7 to Unicode; undefined when it is malformed. */
export function decodeModifiedUtf7(name: string): string | undefined {
  let decoded = '';
  for (let at = 0; at < name.length; ) {
    const shift = name.indexOf('&', at);
    if (shift < 0) return decoded + name.slice(at);
    const end = name.indexOf('-', shift);
    if (end < 0) return undefined;
    const run = decodeBase64(name.slice(shift + 1, end));
    if (run === undefined) return undefined;
    decoded += name.slice(at, shift) + run;
    at = end + 1;
  }
  return decoded;
}

function decodeBase64(run: string): string | undefined {
  if (run === '') return '&';
  if (!/^[A-Za-z0-9+,]+$/.test(run)) return undefined;
  const utf16 = Buffer.from(run.replaceAll(',', '/'), 'base64');
  if (utf16.length === 0 || utf16.length % 2 !== 0) return undefined;
  const text = utf16.swap16().toString('utf16le');
  return text.isWellFormed() ? text : undefined;
}

/**
 * The name a client wrote, as Unicode. INBOX in any case is INBOX (RFC 3501 §5.1). Raw UTF-8 is always
 * understood. A `&` that is not valid modified UTF-7 is taken as itself: such names come from people.
 * @param utf8 the client enabled UTF-8 names, where `&` has no special meaning.
 * @throws {SyntaxProblem} for control characters.
 */
export function decodeMailboxName(wire: string, utf8: boolean): string {
  const plain = !isAsciiText(wire) || utf8 ? fromByteString(wire) : (decodeModifiedUtf7(wire) ?? wire);
  const name = plain.normalize('NFC');
  if (/[\x00-\x1f\x7f]/.test(name)) throw new SyntaxProblem('A mailbox name holds a control character');
  if (name.length === 5 && name.toUpperCase() === 'INBOX') return 'INBOX';
  return /^inbox\//i.test(name) ? `INBOX${name.slice(5)}` : name;
}

/** The byte string of a mailbox name as this client understands it; still to be quoted. */
export function wireMailboxName(name: string, utf8: boolean): string {
  return utf8 ? toByteString(name) : encodeMailboxName(name);
}
