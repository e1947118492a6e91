/**
 * Content-Type and Content-Disposition values (RFC 2045 §5, RFC 2183, parameters by RFC 2231), as tolerant as
 * real mail needs. Never throws; linear in the value.
 */
import { concatBytes, fromLatin1, lowerAscii } from '../lib/bytes.ts';
import { decodeCharset, decodeRawText } from './charset.ts';
import { decodeWords } from './encoded-word.ts';
import { unfold } from './header.ts';
import type { MessagePart } from './message-part.ts';
import { type RawParameter, readParameterizedValue } from './parameter-reader.ts';
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
  const { head, parameters } = readParameterizedValue(unfold(value));
  const [, type, subtype] = MEDIA_TYPE.exec(head) ?? [];
  if (type === undefined || subtype === undefined) return undefined;
  return { type: lowerAscii(type), subtype: lowerAscii(subtype), parameters: joinParameters(parameters) };
}

/**
 * @param value raw Latin-1 value of Content-Disposition
 * @returns undefined when it says nothing
 */
export function parseContentDisposition(value: string): ContentDisposition | undefined {
  const text = unfold(value);
  const { head, parameters } = readParameterizedValue(text);
  const [type] = TOKEN.exec(head) ?? [];
  if (type !== undefined && !head.includes('='))
    return { type: lowerAscii(type), parameters: joinParameters(parameters) };
  // `filename="x"` without a type before it, as some programs write; unknown types are attachments (RFC 2183 §2.8).
  const untyped = readParameterizedValue(`;${text}`).parameters;
  return untyped.length === 0 ? undefined : { type: 'attachment', parameters: joinParameters(untyped) };
}

/** The transfer encoding's token in lower case; `7bit` when absent (RFC 2045 §6.1). */
export function parseTransferEncoding(value: string | undefined): string {
  const { head } = readParameterizedValue(unfold(value ?? ''));
  const [token] = TOKEN.exec(head.replaceAll('"', '')) ?? [];
  return token === undefined ? '7bit' : lowerAscii(token);
}

const MEDIA_TYPE = /^([^\s/()<>@,;:\\"[\]?=]+)[ \t]*\/[ \t]*([^\s/()<>@,;:\\"[\]?=]+)/;
const TOKEN = /^[^\s()<>@,;:\\"[\]?=]+/;

/**
 * The name under which a person sees the part as an attachment: the disposition's `filename`, else the type's
 * `name`, with encoded words decoded though RFC 2047 §5 forbids them there.
 */
export function fileNameOf(part: MessagePart): string | undefined {
  const name = part.disposition?.parameters.filename ?? part.parameters.name;
  return name === undefined ? undefined : decodeWords(name);
}

/** All parameters in Unicode. A name given twice keeps its first value. */
function joinParameters(parameters: readonly RawParameter[]): Readonly<Record<string, string>> {
  const plain = new Map<string, string>();
  const extended = new Map<string, Map<number, RawSection>>();
  for (const { name, value } of parameters) {
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
