/**
 * Content transfer encodings (RFC 2045 §6). Decoding takes anything and never throws; what is decoded does
 * not depend on how the input is cut into chunks, and memory stays bounded whatever comes.
 */
import { asBuffer, concatBytes, lowerAscii } from '../lib/bytes.ts';

/** Decodes one body piece by piece: `push` each chunk, then `end` once; each returns the bytes now certain. */
export class TransferDecoder {
  readonly #decoder: Decoder;

  /** @param encoding value of Content-Transfer-Encoding, any case; unknown ones decode to the same bytes */
  constructor(encoding: string) {
    const name = lowerAscii(encoding);
    if (name === 'base64') this.#decoder = new Base64Decoder();
    else if (name === 'quoted-printable') this.#decoder = new QuotedPrintableDecoder();
    else this.#decoder = identity;
  }

  push(chunk: Uint8Array): Uint8Array {
    return this.#decoder.push(chunk);
  }

  end(): Uint8Array {
    return this.#decoder.end();
  }
}

interface Decoder {
  push(chunk: Uint8Array): Uint8Array;
  end(): Uint8Array;
}

const NOTHING = new Uint8Array(0);
const identity: Decoder = { push: (chunk) => chunk, end: () => NOTHING };

const EQUALS = 0x3d;
const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;

const NO_DIGIT = 0xff;
const BASE64_VALUES = new Uint8Array(256).fill(NO_DIGIT);
for (const [value, digit] of [
  ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
].entries())
  BASE64_VALUES[digit.charCodeAt(0)] = value;

/** Other characters are skipped (RFC 2045 §6.8); `=` ends a quantum, and digits may follow it. */
class Base64Decoder implements Decoder {
  #bits = 0;
  #digits = 0;

  push(chunk: Uint8Array): Uint8Array {
    const out = Buffer.allocUnsafe(((chunk.length + 4) * 3) >> 2);
    let size = 0;
    let bits = this.#bits;
    let digits = this.#digits;
    for (let i = 0; i < chunk.length; i++) {
      // Whole quanta, four digits at a time: all there is in a well-formed body but the line ends.
      while (digits === 0 && i + 3 < chunk.length) {
        const quantum = readQuantum(chunk, i);
        if (quantum < 0) break;
        size = writeQuantum(out, size, quantum);
        i += 4;
      }
      const byte = chunk[i] ?? 0;
      const value = BASE64_VALUES[byte] ?? NO_DIGIT;
      if (value !== NO_DIGIT) {
        bits = (bits << 6) | value;
        if (++digits < 4) continue;
        size = writeQuantum(out, size, bits);
        bits = 0;
        digits = 0;
      } else if (byte === EQUALS && digits > 0) {
        size = writeRest(out, size, bits, digits);
        bits = 0;
        digits = 0;
      }
    }
    this.#bits = bits;
    this.#digits = digits;
    return out.subarray(0, size);
  }

  end(): Uint8Array {
    const out = Buffer.alloc(2);
    const size = writeRest(out, 0, this.#bits, this.#digits);
    this.#bits = 0;
    this.#digits = 0;
    return out.subarray(0, size);
  }
}

/** The 24 bits of four digits; negative when one of the four bytes is no digit. */
function readQuantum(chunk: Uint8Array, at: number): number {
  const a = BASE64_VALUES[chunk[at] ?? 0] ?? NO_DIGIT;
  const b = BASE64_VALUES[chunk[at + 1] ?? 0] ?? NO_DIGIT;
  const c = BASE64_VALUES[chunk[at + 2] ?? 0] ?? NO_DIGIT;
  const d = BASE64_VALUES[chunk[at + 3] ?? 0] ?? NO_DIGIT;
  return (a | b | c | d) > 0x3f ? -1 : (a << 18) | (b << 12) | (c << 6) | d;
}

function writeQuantum(out: Buffer, size: number, bits: number): number {
  out[size] = bits >> 16;
  out[size + 1] = bits >> 8;
  out[size + 2] = bits;
  return size + 3;
}

/** The whole bytes in an unfinished quantum: none for one digit, one for two, two for three. */
function writeRest(out: Buffer, size: number, bits: number, digits: number): number {
  let at = size;
  if (digits === 2) out[at++] = bits >> 4;
  if (digits === 3) {
    out[at++] = bits >> 10;
    out[at++] = bits >> 2;
  }
  return at;
}

/** The longest run of white space that is held back to see whether a line end follows. */
const MOST_HELD = 1000;

/** Wrong escapes stay as they are written; white space at line ends is dropped (RFC 2045 §6.7 rule 3). */
class QuotedPrintableDecoder implements Decoder {
  /** White space and CR seen but not yet written. */
  readonly #held = Buffer.alloc(MOST_HELD);
  #heldSize = 0;
  /** A `=` was seen, its meaning not yet known. */
  #escape = false;
  /** The first digit after it, or -1. */
  #digit = -1;
  #out = Buffer.alloc(0);
  #size = 0;

  push(chunk: Uint8Array): Uint8Array {
    this.#out = Buffer.allocUnsafe(chunk.length + MOST_HELD + 2);
    this.#size = 0;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] ?? 0;
      if (!this.#escape || !this.#takeEscaped(byte)) this.#takePlain(byte);
    }
    return this.#out.subarray(0, this.#size);
  }

  end(): Uint8Array {
    this.#out = Buffer.allocUnsafe(MOST_HELD + 2);
    this.#size = 0;
    // White space at the very end is padding too; a CR that waited for its LF is not.
    if (this.#escape) this.#writeEscapeAsIs();
    else if (this.#held.subarray(0, this.#heldSize).includes(CR)) this.#writeHeld();
    this.#heldSize = 0;
    return this.#out.subarray(0, this.#size);
  }

  /** Continues after a `=`; false when the byte does not belong to the escape and is still to be read. */
  #takeEscaped(byte: number): boolean {
    if (this.#digit >= 0) {
      const low = hexValue(byte);
      if (low >= 0) this.#write((hexValue(this.#digit) << 4) | low);
      else this.#writeEscapeAsIs();
      this.#escape = false;
      this.#digit = -1;
      return low >= 0;
    }
    if (this.#heldSize === 0 && hexValue(byte) >= 0) {
      this.#digit = byte;
      return true;
    }
    // RFC 2045 §6.7 rule 5: a soft line break, also with padding before the line end.
    if (byte === LF) {
      this.#escape = false;
      this.#heldSize = 0;
      return true;
    }
    if (isHoldable(byte) && this.#heldSize < MOST_HELD) {
      this.#held[this.#heldSize++] = byte;
      return true;
    }
    this.#writeEscapeAsIs();
    return false;
  }

  #takePlain(byte: number): void {
    if (isHoldable(byte)) {
      if (this.#heldSize === MOST_HELD) this.#writeHeld();
      this.#held[this.#heldSize++] = byte;
    } else if (byte === LF) {
      const hadCr = this.#heldSize > 0 && this.#held[this.#heldSize - 1] === CR;
      this.#heldSize = 0;
      if (hadCr) this.#write(CR);
      this.#write(LF);
    } else {
      this.#writeHeld();
      if (byte === EQUALS) this.#escape = true;
      else this.#write(byte);
    }
  }

  #write(byte: number): void {
    this.#out[this.#size++] = byte;
  }

  #writeHeld(): void {
    for (let i = 0; i < this.#heldSize; i++) this.#write(this.#held[i] ?? 0);
    this.#heldSize = 0;
  }

  #writeEscapeAsIs(): void {
    this.#write(EQUALS);
    if (this.#digit >= 0) this.#write(this.#digit);
    this.#escape = false;
    this.#digit = -1;
    this.#writeHeld();
  }
}

function isHoldable(byte: number): boolean {
  return byte === SPACE || byte === TAB || byte === CR;
}

/** The value of a hexadecimal digit given as a character code, or -1. */
export function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  if (code >= 0x41 && code <= 0x46) return code - 0x37;
  if (code >= 0x61 && code <= 0x66) return code - 0x57;
  return -1;
}

/**
 * The decoded content of a body held in memory; big ones go through {@link TransferDecoder}.
 *
 * @param encoding value of Content-Transfer-Encoding, any case; unknown ones give the bytes as they are
 */
export function decodeTransfer(encoding: string, bytes: Uint8Array): Uint8Array {
  const decoder = new TransferDecoder(encoding);
  const decoded = decoder.push(bytes);
  const rest = decoder.end();
  return rest.length === 0 ? decoded : concatBytes([decoded, rest]);
}

/** Base64 in lines of 76 characters, each, also the last, ended by CRLF (RFC 2045 §6.8). */
export function encodeBase64Lines(bytes: Uint8Array): string {
  const digits = asBuffer(bytes).toString('base64');
  const lines: string[] = [];
  for (let at = 0; at < digits.length; at += 76) lines.push(digits.slice(at, at + 76), '\r\n');
  return lines.join('');
}

const QP_LINE = 76;

/**
 * Quoted-printable text (RFC 2045 §6.7): lines of at most 76 characters, line ends (CRLF or LF) written as
 * CRLF. Nothing is added after the last line. `From ` and `.` at the start of a line are escaped too, so that
 * no relay changes signed text (RFC 8551 §3.1.3).
 */
export function encodeQuotedPrintable(bytes: Uint8Array): string {
  const text = asBuffer(bytes).toString('latin1');
  return text.split(/\r?\n/).map(encodeQpLine).join('\r\n');
}

/** Short, nothing in it to escape, and neither `.` nor `From ` at its start: most lines are so. */
const PLAIN_LINE = /^(?!\.|From )(?:[\t !-<>-~]{0,75}[!-<>-~])?$/;

/** How each character stands inside a line. */
const QP_PIECES = Array.from({ length: 256 }, (_, code) =>
  code === SPACE || code === TAB || (code > SPACE && code < 0x7f && code !== EQUALS)
    ? String.fromCharCode(code)
    : escapeQp(code),
);

function encodeQpLine(line: string): string {
  if (PLAIN_LINE.test(line)) return line;
  const last = line.length - 1;
  let out = '';
  let column = 0;
  for (let i = 0; i <= last; i++) {
    const code = line.charCodeAt(i);
    // A blank must not stand at the end of a line.
    const isBlankAtEnd = i === last && (code === SPACE || code === TAB);
    let piece = isBlankAtEnd ? escapeQp(code) : (QP_PIECES[code] ?? '');
    if (column === 0 && isRisky(line, i)) piece = escapeQp(code);
    // One column stays free for the "=" of a soft break; the last piece of a line may use it.
    if (column + piece.length > (i === last ? QP_LINE : QP_LINE - 1)) {
      out += '=\r\n';
      column = 0;
      if (isRisky(line, i)) piece = escapeQp(code);
    }
    out += piece;
    column += piece.length;
  }
  return out;
}

/** The character must not stand first on a line of the output. */
function isRisky(line: string, i: number): boolean {
  return line.charCodeAt(i) === 0x2e || line.startsWith('From ', i);
}

function escapeQp(code: number): string {
  return `=${code.toString(16).toUpperCase().padStart(2, '0')}`;
}
