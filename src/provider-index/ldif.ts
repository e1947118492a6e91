/**
 * LDIF content records (RFC 2849), read and written. Pure, whole or nothing: parsing throws `LdifError` with
 * the line of the mistake, and never leaves a record out. Change records (`changetype`) and values by URL
 * (`:<`) are refused: an index has no use for them.
 */

export class LdifError extends Error {
  /** Counted from 1. */
  readonly line: number;

  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
    this.name = 'LdifError';
    this.line = line;
  }
}

export interface LdifAttribute {
  /** Type without options, lower case: `providercertificate`. */
  readonly type: string;
  /** Options such as `binary`, lower case. */
  readonly options: readonly string[];
  readonly value: Uint8Array;
  readonly line: number;
}

export interface LdifRecord {
  readonly dn: string;
  readonly attributes: readonly LdifAttribute[];
  readonly line: number;
}

interface Line {
  readonly text: string;
  readonly number: number;
}

/**
 * All records of the file, UTF-8, lines ended by LF or CRLF.
 * @throws {LdifError} at the first line that is not LDIF.
 */
export function parseLdif(bytes: Uint8Array): LdifRecord[] {
  const records: { dn: string; attributes: LdifAttribute[]; line: number }[] = [];
  let current: (typeof records)[number] | undefined;
  for (const line of unfoldLines(decodeText(bytes))) {
    if (line.text === '') {
      current = undefined;
      continue;
    }
    const attribute = parseLine(line);
    if (attribute.type === 'version' && records.length === 0 && current === undefined) {
      checkVersion(attribute);
      continue;
    }
    // A record also begins at its dn when the blank line before is missing, as in the sample of RFC 6109 §4.5.10.
    if (attribute.type === 'dn') {
      current = { dn: textOf(attribute), attributes: [], line: line.number };
      records.push(current);
    } else if (current === undefined) throw new LdifError(line.number, 'a record must begin with "dn:"');
    else current.attributes.push(attribute);
  }
  return records;
}

/** The value as text. @throws {LdifError} when it is not UTF-8. */
export function textOf({ value, line, type }: LdifAttribute): string {
  try {
    return strictUtf8.decode(value);
  } catch {
    throw new LdifError(line, `the value of "${type}" is not UTF-8`);
  }
}

/** An attribute to write; text or bytes, options in the name: `providerCertificate;binary`. */
export interface LdifLine {
  readonly name: string;
  readonly value: string | Uint8Array;
}

export interface LdifEntry {
  readonly dn: string;
  readonly attributes: readonly LdifLine[];
}

/** The records as an LDIF file: UTF-8, LF, lines of at most 76 bytes, base64 where RFC 2849 wants it. */
export function buildLdif(entries: readonly LdifEntry[]): Uint8Array {
  const records = entries.map(({ dn, attributes }) =>
    [{ name: 'dn', value: dn }, ...attributes].map(formatLine).join(''),
  );
  return Buffer.from(`version: 1\n\n${records.join('\n')}`, 'utf8');
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeText(bytes: Uint8Array): string {
  try {
    // A byte order mark is no LDIF, but editors write it and it means nothing.
    return strictUtf8.decode(bytes).replace(/^\ufeff/, '');
  } catch {
    throw new LdifError(1, 'the file is not UTF-8');
  }
}

/** Folded lines joined (a line that begins with one space continues the last), comments taken out. */
function unfoldLines(text: string): Line[] {
  const lines: { parts: string[]; number: number }[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    const last = lines.at(-1);
    if (!line.startsWith(' ')) lines.push({ parts: [line], number: index + 1 });
    else if (last === undefined || last.parts[0] === '')
      throw new LdifError(index + 1, 'a continuation line with nothing to continue');
    else last.parts.push(line.slice(1));
  }
  return lines
    .map(({ parts, number }) => ({ text: parts.join(''), number }))
    .filter(({ text }) => !text.startsWith('#'));
}

const description = /^([A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)*)((?:;[A-Za-z0-9-]+)*):(.*)$/s;

function parseLine({ text, number }: Line): LdifAttribute {
  const match = description.exec(text);
  if (match === null) throw new LdifError(number, 'expected "attribute: value"');
  const [, type = '', options = '', rest = ''] = match;
  if (rest.startsWith('<')) throw new LdifError(number, 'values by URL are not taken');
  const lowerType = type.toLowerCase();
  if (lowerType === 'changetype') throw new LdifError(number, 'change records are not taken');
  return {
    type: lowerType,
    options: options.toLowerCase().split(';').slice(1),
    value: rest.startsWith(':') ? parseBase64(rest.slice(1), number) : parseSafe(rest, number),
    line: number,
  };
}

/** RFC 2849: FILL is spaces; the base64 after them is taken strictly, so that no byte is lost silently. */
function parseBase64(text: string, line: number): Uint8Array {
  const digits = text.replace(/^ +| +$/g, '');
  if (digits.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(digits))
    throw new LdifError(line, 'the value is not base64');
  return Buffer.from(digits, 'base64');
}

function parseSafe(text: string, line: number): Uint8Array {
  const value = text.replace(/^ +/, '');
  if (/[\0\r]/.test(value)) throw new LdifError(line, 'the value holds NUL or CR and is not in base64');
  return Buffer.from(value, 'utf8');
}

function checkVersion(attribute: LdifAttribute): void {
  const version = textOf(attribute).trim();
  if (version !== '1') throw new LdifError(attribute.line, `version "${version}" is not 1`);
}

function formatLine({ name, value }: LdifLine): string {
  const isSafe = typeof value === 'string' && isSafeString(value);
  const line = isSafe
    ? `${name}: ${value}`
    : `${name}:: ${Buffer.from(value as Uint8Array).toString('base64')}`;
  return fold(line);
}

/** SAFE-STRING of RFC 2849, and no space at the end, which editors eat. */
function isSafeString(value: string): boolean {
  return /^(?:[\x01-\x09\x0b\x0c\x0e-\x7f]*)$/.test(value) && !/^[ :<]| $/.test(value);
}

const lineLength = 76;

function fold(line: string): string {
  const pieces = [line.slice(0, lineLength)];
  for (let at = lineLength; at < line.length; at += lineLength - 1)
    pieces.push(` ${line.slice(at, at + lineLength - 1)}`);
  return `${pieces.join('\n')}\n`;
}
