/**
 * A BER reader (ITU-T X.690 §8) for bytes from outside: definite and indefinite lengths, bounded in depth and
 * in number of elements, linear in the input. It gives offsets and never copies. It throws `BerError` and
 * nothing else. It knows no type: what stands where is decided by who asks.
 */
import { encodeTagAndLength } from './der.ts';

/** The bytes are not BER, or not within the limits. */
export class BerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BerError';
  }
}

export interface BerLimits {
  /** Levels of constructed elements. */
  readonly depth: number;
  /** Elements in all. */
  readonly elements: number;
}

/** Enough for a CMS with sixteen certificates; a revocation list or an index needs more elements. */
export const usualBerLimits: BerLimits = { depth: 40, elements: 20_000 };

/** One element and, if constructed, the elements inside. Offsets count from the first byte of `source`. */
export interface BerElement {
  readonly source: Uint8Array;
  /** The identifier octet (class, constructed bit, number); for numbers over 30 those above it in higher bits. */
  readonly tag: number;
  readonly start: number;
  readonly contentStart: number;
  /** Without the end-of-contents octets of an indefinite length. */
  readonly contentEnd: number;
  readonly end: number;
  readonly indefinite: boolean;
  readonly children: readonly BerElement[];
}

interface Cursor {
  readonly source: Uint8Array;
  elementsLeft: number;
  readonly depth: number;
}

/**
 * The element that begins at the first byte. Bytes after it are ignored; `end` tells where it stopped.
 * @throws {BerError} when the bytes are no BER or exceed the limits.
 */
export function parseBer(source: Uint8Array, limits: BerLimits = usualBerLimits): BerElement {
  return readElement({ source, elementsLeft: limits.elements, depth: limits.depth }, 0, source.length, 0);
}

/** The whole encoding of the element, as it stands in the source. */
export function encodingOf(element: BerElement): Uint8Array {
  return element.source.subarray(element.start, element.end);
}

/** The content bytes as they stand in the source; for a constructed string see `readOctets`. */
export function contentOf(element: BerElement): Uint8Array {
  return element.source.subarray(element.contentStart, element.contentEnd);
}

/**
 * The bytes of an OCTET STRING or another string, whether primitive or constructed of chunks (X.690 §8.7.3).
 * Chunks are joined whatever their tag; one that is constructed again is followed.
 */
export function readOctets(element: BerElement): Uint8Array {
  if ((element.tag & 0x20) === 0) return contentOf(element);
  return Buffer.concat(element.children.map(readOctets));
}

/** An object identifier in dotted form, or undefined when the element is none. */
export function readOid(element: BerElement | undefined): string | undefined {
  if (element === undefined || element.tag !== 0x06) return undefined;
  const arcs: number[] = [];
  let arc = 0;
  let open = false;
  for (const byte of contentOf(element)) {
    if (arc > 0x1fffffffffff) return undefined;
    arc = arc * 128 + (byte & 0x7f);
    open = byte >= 0x80;
    if (!open) {
      if (arcs.length === 0) {
        const first = Math.min(Math.floor(arc / 40), 2);
        arcs.push(first, arc - first * 40);
      } else arcs.push(arc);
      arc = 0;
    }
  }
  return open || arcs.length === 0 ? undefined : arcs.join('.');
}

/**
 * UTCTime or GeneralizedTime in the one form certificates and CMS allow, seconds and `Z` (RFC 5280 §4.1.2.5),
 * as milliseconds since 1970; undefined for anything else.
 */
export function readTime(element: BerElement | undefined): number | undefined {
  if (element === undefined) return undefined;
  const text = Buffer.from(contentOf(element)).toString('latin1');
  const digits = element.tag === 0x17 ? centuryOf(text) + text : element.tag === 0x18 ? text : '';
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(digits);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const at = new Date(0);
  at.setUTCFullYear(year, month - 1, day);
  at.setUTCHours(hour, minute, second);
  const same = at.getUTCMonth() === month - 1 && at.getUTCDate() === day && at.getUTCHours() === hour;
  return same && minute < 60 && second < 60 ? at.getTime() : undefined;
}

/** The element encoded anew with definite, shortest lengths, order kept: DER but for the sorting of SET OF. */
export function encodeDefinite(element: BerElement): Uint8Array {
  if (isDefinite(element)) return encodingOf(element);
  const identifier = element.source.subarray(element.start, element.start + identifierLength(element));
  if ((element.tag & 0x20) === 0) return withLength(identifier, contentOf(element));
  return withLength(identifier, Buffer.concat(element.children.map(encodeDefinite)));
}

/** True when the lengths of the element and all inside it are definite and shortest already. */
function isDefinite(element: BerElement): boolean {
  const { indefinite, start, contentStart, contentEnd, children } = element;
  const header = identifierLength(element) + lengthOfLength(contentEnd - contentStart);
  return !indefinite && contentStart - start === header && children.every(isDefinite);
}

/** Octets of the shortest length field (X.690 §10.1). */
function lengthOfLength(length: number): number {
  let octets = 1;
  if (length >= 0x80) for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets += 1;
  return octets;
}

function withLength(identifier: Uint8Array, content: Uint8Array): Uint8Array {
  return Buffer.concat([identifier, encodeTagAndLength(0, content.length).subarray(1), content]);
}

function identifierLength({ source, start }: BerElement): number {
  if (((source[start] ?? 0) & 0x1f) !== 0x1f) return 1;
  let length = 2;
  while (((source[start + length - 1] ?? 0) & 0x80) !== 0) length += 1;
  return length;
}

/** RFC 5280 §4.1.2.5.1: 50 and above means 19xx. */
function centuryOf(utcTime: string): string {
  return Number(utcTime.slice(0, 2)) >= 50 ? '19' : '20';
}

function readElement(cursor: Cursor, start: number, limit: number, depth: number): BerElement {
  if (cursor.elementsLeft <= 0) throw new BerError('too many elements');
  if (depth > cursor.depth) throw new BerError('nested too deeply');
  cursor.elementsLeft -= 1;
  const { source } = cursor;
  const { tag, next } = readTag(source, start, limit);
  const { length, contentStart } = readLength(source, next, limit);
  const constructed = (tag & 0x20) !== 0;
  if (length === undefined) {
    if (!constructed) throw new BerError('indefinite length of a primitive element');
    const children: BerElement[] = [];
    let at = contentStart;
    while (!isEndOfContents(source, at, limit)) {
      const child = readElement(cursor, at, limit, depth + 1);
      children.push(child);
      at = child.end;
    }
    return { source, tag, start, contentStart, contentEnd: at, end: at + 2, indefinite: true, children };
  }
  const end = contentStart + length;
  if (end > limit) throw new BerError('an element reaches beyond its end');
  const children = constructed ? readChildren(cursor, contentStart, end, depth + 1) : none;
  return { source, tag, start, contentStart, contentEnd: end, end, indefinite: false, children };
}

const none: readonly BerElement[] = [];

function readChildren(cursor: Cursor, start: number, end: number, depth: number): BerElement[] {
  const children: BerElement[] = [];
  for (let at = start; at < end; ) {
    const child = readElement(cursor, at, end, depth);
    children.push(child);
    at = child.end;
  }
  return children;
}

function isEndOfContents(source: Uint8Array, at: number, limit: number): boolean {
  if (at + 2 > limit) throw new BerError('an indefinite length has no end');
  return source[at] === 0 && source[at + 1] === 0;
}

function readTag(source: Uint8Array, start: number, limit: number): { tag: number; next: number } {
  const first = byteAt(source, start, limit);
  if ((first & 0x1f) !== 0x1f) return { tag: first, next: start + 1 };
  let number = 0;
  for (let at = start + 1; at < start + 4; at += 1) {
    const byte = byteAt(source, at, limit);
    number = number * 128 + (byte & 0x7f);
    if (byte < 0x80) return { tag: number * 256 + first, next: at + 1 };
  }
  throw new BerError('a tag number is too large');
}

/** X.690 §8.1.3; an undefined length is the indefinite one. */
function readLength(
  source: Uint8Array,
  at: number,
  limit: number,
): { length: number | undefined; contentStart: number } {
  const first = byteAt(source, at, limit);
  if (first < 0x80) return { length: first, contentStart: at + 1 };
  if (first === 0x80) return { length: undefined, contentStart: at + 1 };
  const count = first & 0x7f;
  if (count > 6) throw new BerError('a length is too large');
  let length = 0;
  for (let index = 1; index <= count; index += 1) length = length * 256 + byteAt(source, at + index, limit);
  return { length, contentStart: at + 1 + count };
}

function byteAt(source: Uint8Array, at: number, limit: number): number {
  const byte = at < limit ? source[at] : undefined;
  if (byte === undefined) throw new BerError('the bytes end too early');
  return byte;
}
