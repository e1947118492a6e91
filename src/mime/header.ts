/**
 * The header block of a message or part, on its bytes: every field with its offsets, folding untouched.
 * `fields` laid end to end, then the blank line, are exactly the bytes up to `bodyStart`; so a field can be
 * replaced or left out and nothing else changes. Never throws; linear in the bytes given.
 */
import { asBuffer, latin1, lowerAscii, trimWhite } from '../lib/bytes.ts';

export interface HeaderField {
  /** As written, without white space before the colon; empty for a line that is no field. */
  readonly name: string;
  readonly lowerName: string;
  /** All between the colon and the final line end, folding kept, Latin-1: one character a byte. */
  readonly value: string;
  /** First byte of the field. */
  readonly start: number;
  /** First byte after the field's final line end. */
  readonly end: number;
}

export interface HeaderBlock {
  readonly fields: readonly HeaderField[];
  /** First byte after the blank line; the number of bytes given when there is none. */
  readonly bodyStart: number;
  /** What RFC 5322 §2.2 does not allow, in words, each kind of problem once. */
  readonly problems: readonly string[];
}

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const SPACE = 0x20;
const TAB = 0x09;

/**
 * Reads fields up to the first blank line (RFC 5322 §2.1). Lines end in CRLF or, tolerated, in LF; a bare CR
 * is a character. A line that is no field (no colon, or a space in its name) becomes a field with an empty
 * name whose value is the whole line: later fields stay visible, as they are to most readers.
 *
 * @param bytes a whole message or part, or its first bytes
 */
export function parseHeaderBlock(bytes: Uint8Array): HeaderBlock {
  const buffer = asBuffer(bytes);
  const fields: HeaderField[] = [];
  const problems = new Set<string>();
  let at = 0;
  while (at < buffer.length) {
    const blank = blankLineLength(buffer, at);
    if (blank > 0) return { fields, bodyStart: at + blank, problems: [...problems] };
    const end = findFieldEnd(buffer, at);
    fields.push(readField(buffer, at, end, problems));
    at = end;
  }
  problems.add('no blank line after the header');
  return { fields, bodyStart: buffer.length, problems: [...problems] };
}

function blankLineLength(buffer: Buffer, at: number): number {
  if (buffer[at] === LF) return 1;
  return buffer[at] === CR && buffer[at + 1] === LF ? 2 : 0;
}

/** The end of the line at `at` and of the folded lines after it (RFC 5322 §2.2.3). */
function findFieldEnd(buffer: Buffer, at: number): number {
  let end = at;
  do {
    const lf = buffer.indexOf(LF, end);
    if (lf === -1) return buffer.length;
    end = lf + 1;
  } while (buffer[end] === SPACE || buffer[end] === TAB);
  return end;
}

function readField(buffer: Buffer, start: number, end: number, problems: Set<string>): HeaderField {
  let last = end;
  if (last > start && buffer[last - 1] === LF) last--;
  if (last < end && last > start && buffer[last - 1] === CR) last--;
  const nameEnd = findNameEnd(buffer, start, last);
  if (nameEnd === start) {
    problems.add('a line in the header is no header field');
    return { name: '', lowerName: '', value: latin1(buffer, start, last), start, end };
  }
  const name = latin1(buffer, start, nameEnd);
  const colon = buffer.indexOf(COLON, nameEnd);
  const value = latin1(buffer, colon + 1, last);
  noteValueProblems(name, value, problems);
  if (colon > nameEnd) problems.add('white space before the colon of a header field');
  return { name, lowerName: lowerAscii(name), value, start, end };
}

/** The end of the field name that begins at `start`; `start` itself when there is no name and colon. */
function findNameEnd(buffer: Buffer, start: number, end: number): number {
  let at = start;
  // RFC 5322 §3.6.8, ftext: printable US-ASCII without the colon.
  while (at < end && isNameByte(buffer[at] ?? 0)) at++;
  let colon = at;
  // RFC 5322 §4.5.3 (obsolete): white space may stand before the colon.
  while (colon < end && (buffer[colon] === SPACE || buffer[colon] === TAB)) colon++;
  return colon < end && buffer[colon] === COLON ? at : start;
}

function isNameByte(byte: number): boolean {
  return byte > 0x20 && byte < 0x7f && byte !== COLON;
}

function noteValueProblems(name: string, value: string, problems: Set<string>): void {
  if (value.includes('\0')) problems.add(`NUL in ${name}`);
  if (/\r(?!\n)/.test(value)) problems.add(`bare CR in ${name}`);
}

/** All fields of that name, in order; `name` in any case. */
export function findFields(block: HeaderBlock, name: string): HeaderField[] {
  const wanted = lowerAscii(name);
  return block.fields.filter((field) => field.lowerName === wanted);
}

/** The first field of that name, or undefined; `name` in any case. */
export function firstField(block: HeaderBlock, name: string): HeaderField | undefined {
  const wanted = lowerAscii(name);
  return block.fields.find((field) => field.lowerName === wanted);
}

/**
 * A field's value on one line (RFC 5322 §2.2.3): every line end removed, the white space after it kept,
 * white space at both ends taken off. Still raw Latin-1.
 */
export function unfold(value: string): string {
  return trimWhite(value.includes('\n') ? value.replace(/\r?\n/g, '') : value);
}
