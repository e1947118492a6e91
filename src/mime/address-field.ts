/**
 * Address fields of the messages a provider writes itself (RFC 5322 §3.6.2, §3.6.3).
 */
import { isAsciiText, trimWhite } from '../lib/bytes.ts';
import { checkFieldName, encodeWords, foldField } from './encoded-word.ts';

export interface NamedAddress {
  /** Name to show, Unicode; none: the bare address. */
  readonly display?: string | undefined;
  readonly address: string;
}

/**
 * The whole field, e.g. `From: "Per conto di: a@b.it" <posta-certificata@c.it>` and CRLF, folded between words
 * and addresses. Control characters in names become spaces.
 *
 * @throws {TypeError} when `fieldName` is no field name, or an address has characters that would end it or
 *   that need SMTPUTF8: it must have been checked long before
 */
export function encodeAddressField(fieldName: string, addresses: readonly NamedAddress[]): string {
  checkFieldName(fieldName);
  const pieces: string[] = [];
  for (const [index, named] of addresses.entries()) {
    const words = encodeMailbox(named, fieldName.length + 2);
    const last = words.length - 1;
    if (index < addresses.length - 1) words[last] = `${words[last]},`;
    pieces.push(...words.map((word, i) => (i === 0 && index > 0 ? ` ${word}` : word)));
  }
  return foldField(fieldName, pieces);
}

/** Dot-atom characters in any order or a quoted string, `@`, a domain or literal: nothing that ends the address. */
const WRITABLE =
  /^(?:"(?:[ !#-[\]-~]|\\[ -~])*"|[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+)@(?:[A-Za-z0-9._-]+|\[[!-Z^-~]+\])$/;

/** Pieces of one mailbox; each but the first begins with the space before it. */
function encodeMailbox({ display, address }: NamedAddress, column: number): string[] {
  if (!WRITABLE.test(address)) throw new TypeError(`not an address to write: ${JSON.stringify(address)}`);
  const name = trimWhite((display ?? '').toWellFormed().replace(/[\0-\x1f\x7f]+/g, ' '));
  if (name === '') return [address];
  const isPlain = isAsciiText(name) && !name.includes('=?') && name.length < 900;
  const words = isPlain ? quoteWords(name) : encodeWords(name, column);
  return [...words, ` <${address}>`];
}

/** A quoted string, to be folded before a space only (RFC 5322 §3.2.4: the fold is not part of its value). */
function quoteWords(name: string): string[] {
  return `"${name.replace(/["\\]/g, '\\$&')}"`.split(/(?<=[^ ])(?= )/);
}
