/**
 * Addresses. Two readers that must not be mixed up: `parseAddressList` takes whatever real headers hold and
 * never throws; `isAddress` is strict, for SMTP paths and configuration.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import { isAsciiText, isWhite, lowerAscii, trimWhite } from '../lib/bytes.ts';
import { type AddressToken, readAddressTokens } from './address-tokens.ts';
import { decodeRawText } from './charset.ts';
import { decodeWords } from './encoded-word.ts';

export interface Address {
  /** The name a person reads, decoded: the phrase before `<…>`, else a comment after the address. */
  readonly display: string | undefined;
  /** The same name as it stands in the header: quotes and comments taken off, encoded words left (for IMAP). */
  readonly phrase: string | undefined;
  /** Local part, unquoted. */
  readonly local: string;
  /** As written; a literal keeps its brackets. */
  readonly domain: string;
  /** `local@domain`, the local part quoted only where it must be. */
  readonly address: string;
}

export interface AddressGroup {
  readonly name: string;
  /** Index in `addresses` of the group's first member, or of where it would stand in an empty group. */
  readonly first: number;
  readonly count: number;
}

export interface AddressList {
  /** All addresses in order, those inside groups too. What could not be read is not here. */
  readonly addresses: readonly Address[];
  readonly groups: readonly AddressGroup[];
  /** What was wrong, in words, in order; at most 20. */
  readonly problems: readonly string[];
}

const MOST_PROBLEMS = 20;

/**
 * Reads the value of From, To, Cc and the like (RFC 5322 §3.4 with groups, comments, quoted local parts, and
 * the obsolete forms of §4.4). An entry that cannot be read becomes a problem and costs no other entry.
 *
 * @param value raw Latin-1 value, folding and all
 */
export function parseAddressList(value: string): AddressList {
  const { tokens, problems } = readAddressTokens(decodeRawText(value));
  const reader = new ListReader(tokens, problems);
  reader.readAll();
  return {
    addresses: reader.addresses,
    groups: reader.groups,
    problems: reader.problems.slice(0, MOST_PROBLEMS),
  };
}

class ListReader {
  readonly addresses: Address[] = [];
  readonly groups: AddressGroup[] = [];
  readonly problems: string[];
  readonly #tokens: readonly AddressToken[];
  readonly #lastSemicolon: number;
  #entry: AddressToken[] = [];
  #entryHasAngle = false;
  #group: { name: string; first: number } | undefined;

  constructor(tokens: readonly AddressToken[], problems: readonly string[]) {
    this.#tokens = tokens;
    this.problems = [...problems];
    this.#lastSemicolon = tokens.findLastIndex((token) => isSpecial(token, ';'));
  }

  readAll(): void {
    for (const [at, token] of this.#tokens.entries()) {
      if (isSpecial(token, ',')) this.#closeEntry();
      else if (isSpecial(token, ';')) this.#closeGroup();
      else if (isSpecial(token, ':') && this.#opensGroup(at)) this.#openGroup();
      else {
        this.#entry.push(token);
        this.#entryHasAngle ||= isSpecial(token, '<');
      }
    }
    this.#closeEntry();
  }

  /** A colon opens a group only if a `;` can close it: `Per conto di: a@b.it <c@d.it>` is no group. */
  #opensGroup(at: number): boolean {
    return this.#group === undefined && this.#lastSemicolon > at && !this.#entryHasAngle;
  }

  #openGroup(): void {
    this.#group = { name: cleanDisplay(joinPhrase(this.#entry)), first: this.addresses.length };
    this.#entry = [];
  }

  #closeGroup(): void {
    this.#closeEntry();
    const group = this.#group;
    this.#group = undefined;
    if (group === undefined) this.#note('";" between addresses');
    else this.groups.push({ ...group, count: this.addresses.length - group.first });
  }

  #closeEntry(): void {
    const tokens = this.#entry;
    this.#entry = [];
    this.#entryHasAngle = false;
    // RFC 5322 §4.4: empty entries between commas are obsolete but harmless.
    if (tokens.every(isBlankToken)) return;
    const open = tokens.findLastIndex((token) => isSpecial(token, '<'));
    const read = open === -1 ? readBare(tokens) : readAngled(tokens, open);
    for (const problem of read.problems) this.#note(problem);
    if (read.address !== undefined) this.addresses.push(read.address);
  }

  #note(problem: string): void {
    if (this.problems.length < MOST_PROBLEMS) this.problems.push(problem);
  }
}

function isBlankToken(token: AddressToken): boolean {
  return token.kind === 'comment' || (token.kind === 'text' && trimWhite(token.text) === '');
}

interface EntryResult {
  readonly address: Address | undefined;
  readonly problems: readonly string[];
}

function isSpecial(token: AddressToken, character: string): boolean {
  return token.kind === 'special' && token.text === character;
}

/** `Name <local@domain>`: the phrase, then the address between the last `<` and its `>`. */
function readAngled(tokens: readonly AddressToken[], open: number): EntryResult {
  const problems: string[] = [];
  const after = tokens.slice(open + 1);
  const close = after.findIndex((token) => isSpecial(token, '>'));
  if (close === -1) problems.push('"<" without ">"');
  const inside = close === -1 ? after : after.slice(0, close);
  const trailing = close === -1 ? [] : after.slice(close + 1).filter((token) => !isBlankToken(token));
  if (trailing.some((token) => !isSpecial(token, '>'))) problems.push('text after ">"');
  const phrase = joinPhrase(tokens.slice(0, open).filter((token) => !isSpecial(token, '<')));
  const name = phrase === '' ? commentOf(tokens) : phrase;
  return buildAddress(inside, name, problems);
}

/** `local@domain`, with the name in a comment as mail of the eighties has it. */
function readBare(tokens: readonly AddressToken[]): EntryResult {
  return buildAddress(tokens, commentOf(tokens), []);
}

function commentOf(tokens: readonly AddressToken[]): string | undefined {
  const comment = trimWhite(tokens.findLast((token) => token.kind === 'comment')?.text ?? '');
  return comment === '' ? undefined : comment;
}

/** Words joined as a person reads them: quotes off, comments out, white space runs as one space. */
function joinPhrase(tokens: readonly AddressToken[]): string {
  const text = tokens.map((token) => (token.kind === 'comment' ? ' ' : token.text)).join('');
  return trimWhite(text.replace(/[ \t\r\n]+/g, ' '));
}

function buildAddress(
  tokens: readonly AddressToken[],
  name: string | undefined,
  found: readonly string[],
): EntryResult {
  const problems = [...found];
  const phrase = name === undefined || name === '' ? undefined : name;
  const { local, quoted, domain } = readAddrSpec(tokens);
  const shown = JSON.stringify(joinPhrase(tokens).slice(0, 80));
  if (domain === '') return broken(`no domain in ${shown}`, problems);
  if (local === undefined) return broken(`bad local part in ${shown}`, problems);
  if (!isUsableDomain(domain)) return broken(`bad domain in ${shown}`, problems);
  if (!quoted && !DOT_STRING.test(local) && isAsciiText(local)) problems.push(`misplaced dot in ${shown}`);
  const address = `${quoted ? quoteLocal(local) : local}@${domain}`;
  const display = phrase === undefined ? undefined : cleanDisplay(phrase);
  return { address: { display, phrase, local, domain, address }, problems };
}

function broken(problem: string, before: readonly string[]): EntryResult {
  return { address: undefined, problems: [...before, problem] };
}

function cleanDisplay(phrase: string): string {
  return trimWhite(decodeWords(phrase).replace(/[\0-\x1f\x7f]+/g, ' '));
}

interface AddrSpec {
  /** Unquoted; undefined when it is none. */
  readonly local: string | undefined;
  readonly quoted: boolean;
  /** As written; empty when there is none. */
  readonly domain: string;
}

/**
 * The parts around the last `@` outside quotes. Blanks and comments around the dots and the `@` are obsolete but
 * harmless (RFC 5322 §4.4); anywhere else they part two words, which are no address.
 */
function readAddrSpec(tokens: readonly AddressToken[]): AddrSpec {
  // Each quoted string stands as one `"` in the shape; a stray quote becomes a NUL, which nothing allows.
  const words = tokens.flatMap((token) => (token.kind === 'quoted' ? [token.text] : []));
  const shape = tokens
    .map(shapeOf)
    .join('')
    .replace(/[ \t\r\n]+/g, ' ')
    .replace(/ ?([.@]) ?/g, '$1');
  const spec = trimWhite(shape);
  const sign = spec.lastIndexOf('@');
  const local = spec.slice(0, Math.max(sign, 0));
  const domain = sign === -1 ? '' : spec.slice(sign + 1);
  if (words.length === 0) return { local: isUsableLocal(local) ? local : undefined, quoted: false, domain };
  return { local: fillQuoted(local, words), quoted: true, domain };
}

function shapeOf(token: AddressToken): string {
  if (token.kind === 'comment') return ' ';
  return token.kind === 'quoted' ? '"' : token.text.replaceAll('"', '\0');
}

/** The local part with its quoted words in place; undefined when a dot lacks between words. */
function fillQuoted(shape: string, words: readonly string[]): string | undefined {
  const isDotted = shape.split('.').every((word) => word === '"' || isUsableLocal(word));
  if (!isDotted || words.some((word) => /[\0-\x1f\x7f]/.test(word))) return undefined;
  let next = 0;
  return shape.replace(/"/g, () => words[next++] ?? '');
}

const DOT_STRING = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;

function isUsableLocal(local: string): boolean {
  return local !== '' && !/[\0-\x20\x7f-\xa0()<>[\]:;@\\,"]/.test(local);
}

function isUsableDomain(domain: string): boolean {
  if (/^\[[A-Za-z0-9.:-]+\]$/.test(domain)) return true;
  return /^[^\0-,/:-@[-^`{-\xa0]+$/.test(domain) && !/^\.|\.\.|\.$/.test(domain);
}

/** The local part as it must stand before the `@`: quoted when it is no dot-string (RFC 5321 §4.1.2). */
function quoteLocal(local: string): string {
  return DOT_STRING.test(local) ? local : `"${local.replace(/["\\]/g, '\\$&')}"`;
}

const QUOTED_STRING = /^"(?:[ !#-[\]-~]|\\[ -~])*"$/;
const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/;

/**
 * True for an address an SMTP path may hold (RFC 5321 §4.1.2, Mailbox): ASCII only, local part at most 64,
 * whole at most 254 characters (§4.5.3.1), domain of letter-digit-hyphen labels or an address literal.
 */
export function isAddress(text: string): boolean {
  const at = text.lastIndexOf('@');
  if (at < 1 || at > 64 || text.length > 254) return false;
  const local = text.slice(0, at);
  if (!DOT_STRING.test(local) && !QUOTED_STRING.test(local)) return false;
  return isDomain(text.slice(at + 1)) || isAddressLiteral(text.slice(at + 1));
}

/** True for a domain in ASCII form: labels of letters, digits and inner hyphens, at most 63 and 253 long. */
export function isDomain(text: string): boolean {
  return (
    text.length > 0 &&
    text.length <= 253 &&
    text.split('.').every((label) => label.length <= 63 && LABEL.test(label))
  );
}

function isAddressLiteral(text: string): boolean {
  if (!text.startsWith('[') || !text.endsWith(']')) return false;
  const inner = text.slice(1, -1);
  if (!/^IPv6:/i.test(inner)) return isIPv4(inner);
  // A zone (`%eth0`) means nothing beyond one host.
  return !inner.includes('%') && isIPv6(inner.slice('IPv6:'.length));
}

/** The domain in the form that is compared: A-labels (RFC 5890), lower case, no dot at the end. */
export function normalizeDomain(domain: string): string {
  const plain = trimDots(trimWhite(domain));
  if (isAsciiText(plain)) return lowerAscii(plain);
  // domainToASCII reads like a browser: of `a.it?è` it would take `a.it`, somebody else's domain.
  const ascii = isUsableDomain(plain) ? trimDots(domainToASCII(plain)) : '';
  return ascii === '' ? plain.toLowerCase() : ascii;
}

/** Without dots, and blanks among them, at the end. */
function trimDots(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === '.' || isWhite(text.charCodeAt(end - 1)))) end--;
  return text.slice(0, end);
}

/**
 * The address in the form that is stored: domain by {@link normalizeDomain}, local part as it is but without
 * needless quotes. Text without `@` comes back trimmed.
 */
export function normalizeAddress(text: string): string {
  const trimmed = trimWhite(text);
  const at = trimmed.lastIndexOf('@');
  if (at === -1) return trimmed;
  return `${normalizeLocal(trimmed.slice(0, at))}@${normalizeDomain(trimmed.slice(at + 1))}`;
}

function normalizeLocal(local: string): string {
  if (!QUOTED_STRING.test(local)) return local;
  return quoteLocal(local.slice(1, -1).replace(/\\(.)/g, '$1'));
}

/** True if both name the same mailbox; the local part too without regard to case, as PEC providers do. */
export function sameAddress(a: string, b: string): boolean {
  return normalizeAddress(a).toLowerCase() === normalizeAddress(b).toLowerCase();
}

/** The domain of the address in the form that is compared; empty when there is none. */
export function domainOf(address: string): string {
  const at = address.lastIndexOf('@');
  return at === -1 ? '' : normalizeDomain(address.slice(at + 1));
}
