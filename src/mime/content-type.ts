/**
 * Content-Type and Content-Disposition values (RFC 2045 §5, RFC 2183, parameters by RFC 2231), as tolerant as
 * real mail needs. Never throws; linear in the value.
 */
import { concatBytes, fromLatin1, lowerAscii, trimWhite } from '../lib/bytes.ts';
import { decodeCharset, decodeRawText } from './charset.ts';
import { decodeWords } from './encoded-word.ts';
import { unfold } from './header.ts';
import type { MessagePart } from './message-part.ts';
import { hexValue } from './transfer.ts';

export interface ContentType {
  /** Lower case. */
  readonly type: string;
  readonly subtype: string;
  /** Names in lower case, values as Unicode. */
  readonly parameters: Readonly<Record<string, string>>;
}

export interface ContentDisposition {
  /** Lower case: `inline`, `attachment`, or what stands there. */
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * @param value raw Latin-1 value of Content-Type
 * @returns undefined when no `type/subtype` stands at its beginning: the caller knows the default
 */
export function parseContentType(value: string): ContentType | undefined {
  const { head, rest } = splitHead(unfold(value));
  const [, type, subtype] =
    /^([^\s/()<>@,;:\\"[\]?=]+)[ \t]*\/[ \t]*([^\s/()<>@,;:\\"[\]?=]+)/.exec(head) ?? [];
  if (type === undefined || subtype === undefined) return undefined;
  return { type: lowerAscii(type), subtype: lowerAscii(subtype), parameters: parseParameters(rest) };
}

/**
 * @param value raw Latin-1 value of Content-Disposition
 * @returns undefined when it is empty
 */
export function parseContentDisposition(value: string): ContentDisposition | undefined {
  const { head, rest } = splitHead(unfold(value));
  const [type] = /^[^\s()<>@,;:\\"[\]?=]+/.exec(head) ?? [];
  if (type !== undefined) return { type: lowerAscii(type), parameters: parseParameters(rest) };
  // `filename="x"` without a type before it, as some programs write.
  const parameters = parseParameters(unfold(value));
  return Object.keys(parameters).length === 0 ? undefined : { type: 'attachment', parameters };
}

/** The transfer encoding's token in lower case; `7bit` when absent (RFC 2045 §6.1). */
export function parseTransferEncoding(value: string | undefined): string {
  const { head } = splitHead(unfold(value ?? ''));
  const [token] = /^[^\s()"]+/.exec(trimWhite(head.replaceAll('"', ''))) ?? [];
  return token === undefined ? '7bit' : lowerAscii(token);
}

/**
 * The name under which a person sees the part as an attachment: the disposition's `filename`, else the type's
 * `name`, with encoded words decoded though RFC 2047 §5 forbids them there.
 */
export function fileNameOf(part: MessagePart): string | undefined {
  const name = part.disposition?.parameters.filename ?? part.parameters.name;
  return name === undefined ? undefined : decodeWords(name);
}

/** The text before the first `;` outside comments, comments removed, and the text after it. */
function splitHead(text: string): { head: string; rest: string } {
  let head = '';
  let at = 0;
  while (at < text.length && text[at] !== ';') {
    const comment = text[at] === '(' ? skipComment(text, at) : at;
    if (comment > at) {
      head += ' ';
      at = comment;
    } else head += text[at++];
  }
  return { head: trimWhite(head), rest: text.slice(at + 1) };
}

/** The place after the comment that opens at `at` (RFC 5322 §3.2.2); the end when it never closes. */
function skipComment(text: string, at: number): number {
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    const character = text[i];
    if (character === '\\') i++;
    else if (character === '(') depth++;
    else if (character === ')' && --depth === 0) return i + 1;
  }
  return text.length;
}

interface RawParameter {
  /** Lower case, with the marks of RFC 2231 (`filename*0*`). */
  readonly name: string;
  readonly value: string;
}

/** All parameters of `text`, the part after the first `;`. A name given twice keeps its first value. */
function parseParameters(text: string): Readonly<Record<string, string>> {
  const plain = new Map<string, string>();
  const extended = new Map<string, Map<number, RawSection>>();
  for (const { name, value } of readParameters(text)) {
    const [, base, section, encoded] = /^([^*]+)(?:\*(\d{1,4}))?(\*)?$/.exec(name) ?? [];
    if (base === undefined || (section === undefined && encoded === undefined)) {
      if (!plain.has(name)) plain.set(name, decodeRawText(value));
      continue;
    }
    const sections = extended.get(base) ?? new Map<number, RawSection>();
    const index = Number(section ?? 0);
    if (!sections.has(index)) sections.set(index, { value, encoded: encoded !== undefined });
    extended.set(base, sections);
  }
  // RFC 2231 §3, §4: the extended form says more than the plain one beside it, so it wins.
  for (const [base, sections] of extended) {
    const value = joinSections(sections);
    if (value !== undefined) plain.set(base, value);
  }
  return Object.fromEntries(plain);
}

interface RawSection {
  readonly value: string;
  readonly encoded: boolean;
}

/** RFC 2231 §4.1: sections from 0 up without a gap; the charset stands in section 0. */
function joinSections(sections: ReadonlyMap<number, RawSection>): string | undefined {
  const pieces: Uint8Array[] = [];
  let charset = '';
  for (let index = 0; ; index++) {
    const section = sections.get(index);
    if (section === undefined) break;
    let { value } = section;
    const prefix = index === 0 && section.encoded ? /^([^']*)'[^']*'/.exec(value) : null;
    if (prefix !== null) {
      charset = prefix[1] ?? '';
      value = value.slice(prefix[0].length);
    }
    pieces.push(section.encoded ? decodePercent(value) : fromLatin1(value));
  }
  return pieces.length === 0 ? undefined : decodeCharset(concatBytes(pieces), charset);
}

function decodePercent(value: string): Uint8Array {
  const source = fromLatin1(value);
  const out = Buffer.allocUnsafe(source.length);
  let size = 0;
  for (let i = 0; i < source.length; i++) {
    const high = source[i] === 0x25 ? hexValue(source[i + 1] ?? 0) : -1;
    const low = high >= 0 ? hexValue(source[i + 2] ?? 0) : -1;
    out[size++] = low >= 0 ? (high << 4) | low : (source[i] ?? 0);
    if (low >= 0) i += 2;
  }
  return out.subarray(0, size);
}

function readParameters(text: string): RawParameter[] {
  const found: RawParameter[] = [];
  let at = 0;
  while (at < text.length) {
    const equals = findUnquoted(text, at, '=;');
    if (text[equals] !== '=') {
      at = equals + 1;
      continue;
    }
    const name = lowerAscii(trimWhite(dropComments(text.slice(at, equals))));
    const { value, end } = readValue(text, equals + 1);
    if (name !== '') found.push({ name, value });
    at = end + 1;
  }
  return found;
}

/** The next of `stops` from `at` on, outside comments; the end of the text when there is none. */
function findUnquoted(text: string, at: number, stops: string): number {
  let i = at;
  while (i < text.length && !stops.includes(text.charAt(i)))
    i = text[i] === '(' ? skipComment(text, i) : i + 1;
  return Math.min(i, text.length);
}

function dropComments(text: string): string {
  return text.includes('(') ? splitHead(text.replaceAll(';', ' ')).head : text;
}

/** A parameter's value from `at` on, and where its `;` (or the end of the text) stands. */
function readValue(text: string, at: number): { value: string; end: number } {
  let start = at;
  while (start < text.length && (text[start] === ' ' || text[start] === '\t')) start++;
  if (text[start] === '"') return readQuoted(text, start);
  // Not quoted: up to the `;`, blanks included, because `filename=my file.pdf` is everywhere.
  const semicolon = text.indexOf(';', start);
  const end = semicolon === -1 ? text.length : semicolon;
  return { value: dropTrailingComment(trimWhite(text.slice(start, end))), end };
}

function dropTrailingComment(value: string): string {
  if (!value.endsWith(')')) return value;
  const open = value.indexOf(' (');
  return open === -1 ? value : trimWhite(value.slice(0, open));
}

function readQuoted(text: string, quote: number): { value: string; end: number } {
  let value = '';
  let i = quote + 1;
  let run = i;
  for (; i < text.length && text[i] !== '"'; i++) {
    if (text[i] !== '\\') continue;
    value += text.slice(run, i);
    run = ++i;
  }
  value += text.slice(run, i);
  return { value, end: findUnquoted(text, i + 1, ';') };
}
