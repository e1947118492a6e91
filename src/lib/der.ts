/**
 * A small DER writer (ITU-T X.690): every function takes values and returns one encoded element. There is no
 * reader here; bytes from outside are read elsewhere, with limits. Throws RangeError only for values that no
 * DER element can hold, which is a mistake of the caller, never of a peer.
 */
import type { Instant } from './time.ts';

const ascii = new TextEncoder();

/** The identifier octet and length of an element of `length` content bytes (X.690 §8.1). */
export function encodeTagAndLength(tag: number, length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(tag, length);
  if (length < 0x100) return Uint8Array.of(tag, 0x81, length);
  if (length < 0x10000) return Uint8Array.of(tag, 0x82, length >> 8, length & 0xff);
  if (length < 0x1000000) return Uint8Array.of(tag, 0x83, length >> 16, (length >> 8) & 0xff, length & 0xff);
  return Uint8Array.of(tag, 0x84, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff);
}

/** One element: identifier octet `tag`, then the length, then `contents` one after the other. */
export function encodeElement(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const content of contents) length += content.length;
  return Buffer.concat([encodeTagAndLength(tag, length), ...contents]);
}

export function encodeSequence(...elements: readonly Uint8Array[]): Uint8Array {
  return encodeElement(0x30, ...elements);
}

/** A SET OF: DER wants the elements in ascending order of their encodings (X.690 §11.6). */
export function encodeSetOf(...elements: readonly Uint8Array[]): Uint8Array {
  return encodeElement(0x31, ...sortSetOf(elements));
}

/** The elements in the order DER wants inside a SET OF, also when its tag is implicit. */
export function sortSetOf(elements: readonly Uint8Array[]): readonly Uint8Array[] {
  return [...elements].sort(Buffer.compare);
}

/** Context tag `[number]` around whole elements (EXPLICIT, or IMPLICIT over a constructed type). */
export function encodeContext(number: number, ...elements: readonly Uint8Array[]): Uint8Array {
  return encodeElement(0xa0 | number, ...elements);
}

/** Context tag `[number]` IMPLICIT over a primitive type: `content` is the bare content. */
export function encodeContextPrimitive(number: number, content: Uint8Array): Uint8Array {
  return encodeElement(0x80 | number, content);
}

export function encodeBoolean(value: boolean): Uint8Array {
  return Uint8Array.of(0x01, 0x01, value ? 0xff : 0x00);
}

/** An INTEGER from a number, or from unsigned big-endian bytes (leading zeros are taken off). */
export function encodeInteger(value: number | Uint8Array): Uint8Array {
  const bytes = typeof value === 'number' ? bytesOfNumber(value) : value;
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const trimmed = bytes.length === 0 ? Uint8Array.of(0) : bytes.subarray(start);
  // A leading bit of 1 would make the number negative.
  const sign = (trimmed[0] ?? 0) >= 0x80 ? Uint8Array.of(0) : new Uint8Array(0);
  return encodeElement(0x02, sign, trimmed);
}

/** An ENUMERATED of 0 to 127. */
export function encodeEnumerated(value: number): Uint8Array {
  return Uint8Array.of(0x0a, 0x01, value);
}

export function encodeNull(): Uint8Array {
  return Uint8Array.of(0x05, 0x00);
}

export function encodeOctetString(bytes: Uint8Array): Uint8Array {
  return encodeElement(0x04, bytes);
}

/** A BIT STRING of whole bytes. */
export function encodeBitString(bytes: Uint8Array): Uint8Array {
  return encodeElement(0x03, Uint8Array.of(0), bytes);
}

/** A BIT STRING of named bits (bit 0 first), trailing zeros left off as X.690 §11.2.2 orders. */
export function encodeNamedBits(...bits: readonly number[]): Uint8Array {
  const highest = Math.max(...bits);
  const bytes = new Uint8Array(Math.floor(highest / 8) + 1);
  for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  return encodeElement(0x03, Uint8Array.of(7 - (highest & 7)), bytes);
}

/** An OBJECT IDENTIFIER from its dotted form. */
export function encodeOid(dotted: string): Uint8Array {
  const arcs = dotted.split('.').map(Number);
  const [first = 0, second = 0, ...rest] = arcs;
  if (arcs.length < 2 || arcs.some((arc) => !Number.isSafeInteger(arc) || arc < 0))
    throw new RangeError(`"${dotted}" is not an object identifier`);
  return encodeElement(0x06, Uint8Array.from([first * 40 + second, ...rest].flatMap(encodeArc)));
}

export function encodeUtf8String(text: string): Uint8Array {
  return encodeElement(0x0c, ascii.encode(text));
}

export function encodePrintableString(text: string): Uint8Array {
  if (!/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text))
    throw new RangeError(`"${text}" cannot be a PrintableString`);
  return encodeElement(0x13, ascii.encode(text));
}

export function encodeIa5String(text: string): Uint8Array {
  return encodeElement(0x16, encodeAscii(text));
}

/** The bare bytes of an ASCII text, for implicit tags over IA5String. */
export function encodeAscii(text: string): Uint8Array {
  if (!/^[\x00-\x7f]*$/.test(text)) throw new RangeError(`"${text}" has characters outside ASCII`);
  return ascii.encode(text);
}

/** Time as RFC 5280 §4.1.2.5 and RFC 5652 §11.3 want it: UTCTime to 2049, GeneralizedTime after. Whole seconds. */
export function encodeTime(at: Instant): Uint8Array {
  const digits = new Date(at).toISOString().replace(/[-:T]/g, '').slice(0, 14);
  const year = Number(digits.slice(0, 4));
  return year >= 1950 && year < 2050
    ? encodeElement(0x17, ascii.encode(`${digits.slice(2)}Z`))
    : encodeElement(0x18, ascii.encode(`${digits}Z`));
}

function bytesOfNumber(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not a natural number`);
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Uint8Array.from(bytes);
}

/** Base 128, high bit set on all bytes but the last (X.690 §8.19.2). */
function encodeArc(arc: number): number[] {
  const bytes = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128))
    bytes.unshift((rest % 128) | 0x80);
  return bytes;
}
