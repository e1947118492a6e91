/**
 * Bytes and the strings that stand for them. Latin-1 is the working form for protocol text: one character
 * a byte, both ways without loss, whatever the bytes are. Nothing here throws for any input.
 */

const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;

/** A Buffer over the same memory, so that its native searches and conversions can be used. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** One character per byte, U+0000 to U+00FF; `fromLatin1` gives the bytes back. */
export function latin1(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return asBuffer(bytes).toString('latin1', start, end);
}

/** One byte per UTF-16 unit; of units above U+00FF only the low byte stays, so give it none. */
export function fromLatin1(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

/** UTF-8 to text; bytes that are not UTF-8 become U+FFFD. */
export function utf8(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('utf8');
}

/** Text to UTF-8; a lone surrogate becomes U+FFFD. */
export function fromUtf8(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}

/** True if every UTF-16 unit of the text is below U+0080. */
export function isAsciiText(text: string): boolean {
  // Counting the octets of long texts is far faster than looking at each character: only ASCII takes one each.
  if (text.length > 40) return Buffer.byteLength(text, 'utf8') === text.length;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** Only A to Z become lower case: what "without regard to case" means in mail protocols. */
export function lowerAscii(text: string): string {
  // On pure ASCII the engine's own does just this, and far faster.
  if (!nonAscii.test(text)) return text.toLowerCase();
  return text.replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase());
}

const nonAscii = /[^\0-\x7f]/;

/** True if the two texts differ at most in the case of the letters A to Z. */
export function sameAscii(a: string, b: string): boolean {
  return a.length === b.length && lowerAscii(a) === lowerAscii(b);
}

/** True for space, tab, CR and LF: the only white space protocol text knows. */
export function isWhite(code: number): boolean {
  return code === SPACE || code === TAB || code === CR || code === LF;
}

/**
 * Space, tab, CR and LF taken off both ends. Not `String.trim`: that also eats U+00A0 and U+0085, which in
 * a Latin-1 string are halves of UTF-8 characters.
 */
export function trimWhite(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWhite(text.charCodeAt(start))) start++;
  while (end > start && isWhite(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/** The same at the end only. */
export function trimWhiteEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isWhite(text.charCodeAt(end - 1))) end--;
  return text.slice(0, end);
}

/** All parts one after the other, copied into new memory. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

/** Lower-case hexadecimal, two digits a byte. */
export function hex(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('hex');
}

/** Where `needle` first begins at or after `from`, or -1. An empty needle is found at `from`. */
export function indexOfBytes(haystack: Uint8Array, needle: Uint8Array, from = 0): number {
  return asBuffer(haystack).indexOf(needle, from);
}

/** True if both hold the same bytes. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return asBuffer(a).equals(b);
}
