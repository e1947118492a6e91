/**
 * Non-ASCII text in header fields (RFC 2047), both ways. Reading takes whatever real programs write; writing
 * is strict: no line over 78 columns where words allow it, never a CR, LF or NUL from the text.
 */
import { concatBytes, fromLatin1, fromUtf8, isAsciiText, trimWhite } from '../lib/bytes.ts';
import { decodeCharset, decodeRawText } from './charset.ts';
import { unfold } from './header.ts';
import { decodeTransfer, hexValue } from './transfer.ts';

/**
 * The text a person is meant to read in a raw header value: unfolded, 8-bit bytes as UTF-8 if valid, else
 * Latin-1, encoded words decoded. Control characters, also encoded ones, come out as spaces.
 *
 * @param raw a field's value as Latin-1, folding and all
 */
export function decodeHeaderText(raw: string): string {
  return blankControls(decodeWords(decodeRawText(unfold(raw))));
}

interface EncodedWord {
  readonly charset: string;
  readonly encoding: string;
  readonly bytes: Uint8Array;
  /** First character after the word. */
  readonly end: number;
}

/**
 * Encoded words in text that is already Unicode, e.g. a file name; everything else stays. White space
 * between two encoded words goes (RFC 2047 §6.2). Neighbours in the same charset are decoded as one, because
 * many programs cut characters in half.
 */
export function decodeWords(text: string): string {
  if (!text.includes('=?')) return text;
  const out: string[] = [];
  const finder = new WordFinder(text);
  let pending: EncodedWord[] = [];
  let done = 0;
  const flush = () => {
    if (pending.length > 0) out.push(decodeRun(pending));
    pending = [];
  };
  for (let at = text.indexOf('=?'); at !== -1; ) {
    const word = finder.wordAt(at);
    if (word === undefined) {
      at = text.indexOf('=?', at + 1);
      continue;
    }
    const between = text.slice(done, at);
    const adjoins = pending.length > 0 && trimWhite(between) === '';
    if (!adjoins) {
      flush();
      out.push(between);
    } else if (!sameCoding(pending[pending.length - 1], word)) flush();
    pending.push(word);
    done = word.end;
    at = text.indexOf('=?', done);
  }
  flush();
  out.push(text.slice(done));
  return out.join('');
}

function sameCoding(a: EncodedWord | undefined, b: EncodedWord): boolean {
  return a !== undefined && a.charset === b.charset;
}

function decodeRun(words: readonly EncodedWord[]): string {
  return decodeCharset(concatBytes(words.map((word) => word.bytes)), words[0]?.charset ?? '');
}

const LONGEST_CHARSET = 80;

/** Finds where words end; remembers the last end found, so that a text full of beginnings stays linear. */
class WordFinder {
  readonly #text: string;
  #nextEnd = -1;
  #noMoreEnds = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** The word that begins at `at`, where `=?` stands; undefined when it is none. */
  wordAt(at: number): EncodedWord | undefined {
    const text = this.#text;
    let mark = at + 2;
    while (mark < text.length && mark - at <= LONGEST_CHARSET && isCharsetCode(text.charCodeAt(mark))) mark++;
    if (mark === at + 2 || text[mark] !== '?' || text[mark + 2] !== '?') return undefined;
    const encoding = (text[mark + 1] ?? '').toUpperCase();
    if (encoding !== 'B' && encoding !== 'Q') return undefined;
    const start = mark + 3;
    const end = this.#findEnd(start);
    if (end === -1) return undefined;
    const inner = text.slice(start, end);
    // Another beginning before the end: this one was never closed.
    if (inner.includes('=?')) return undefined;
    // RFC 2231 §5: a language may follow the charset.
    const charset = (text.slice(at + 2, mark).split('*')[0] ?? '').toLowerCase();
    return { charset, encoding, bytes: decodeWordText(encoding, inner), end: end + 2 };
  }

  #findEnd(from: number): number {
    if (this.#noMoreEnds) return -1;
    if (this.#nextEnd < from) this.#nextEnd = this.#text.indexOf('?=', from);
    if (this.#nextEnd === -1) this.#noMoreEnds = true;
    return this.#nextEnd;
  }
}

/** RFC 2047 §2, token: no controls, no spaces, no especials. */
function isCharsetCode(code: number): boolean {
  return code > 0x20 && code < 0x7f && !'()<>@,;:"/[]?.='.includes(String.fromCharCode(code));
}

function decodeWordText(encoding: string, text: string): Uint8Array {
  return encoding === 'B' ? decodeTransfer('base64', fromUtf8(text)) : decodeQ(text);
}

function decodeQ(text: string): Uint8Array {
  const source = fromUtf8(text);
  const out = Buffer.allocUnsafe(source.length);
  let size = 0;
  for (let i = 0; i < source.length; i++) {
    const byte = source[i] ?? 0;
    const high = byte === 0x3d ? hexValue(source[i + 1] ?? 0) : -1;
    const low = high >= 0 ? hexValue(source[i + 2] ?? 0) : -1;
    if (low >= 0) i += 2;
    out[size++] = low >= 0 ? (high << 4) | low : byte === 0x5f ? 0x20 : byte;
  }
  return out.subarray(0, size);
}

function blankControls(text: string): string {
  return text.replace(/[\0-\x1f\x7f]/g, ' ');
}

const FIELD_NAME = /^[!-9;-~]+$/;
const COLUMNS = 78;
const LONGEST_WORD = 75;

/**
 * The whole field `Name: …` with its final CRLF, folded. Text that is not ASCII, looks like an encoded word or
 * has a word too long to fold is encoded whole, in UTF-8 (RFC 2047 §5). Control characters become spaces,
 * white space at both ends is dropped: `decodeHeaderText` of the value gives that text back.
 *
 * @throws {TypeError} when `fieldName` is no field name: a mistake of the caller, never of a message
 */
export function encodeHeaderText(fieldName: string, text: string): string {
  checkFieldName(fieldName);
  const clean = trimWhite(blankControls(text.toWellFormed()));
  const words = clean.split(/(?<=[^ ])(?= )/);
  const isPlain = isAsciiText(clean) && !clean.includes('=?') && words.every((word) => word.length < 900);
  return foldField(fieldName, isPlain ? words : encodeWords(clean, fieldName.length + 2));
}

/** @throws {TypeError} when `name` is no header field name (RFC 5322 §3.6.8) */
export function checkFieldName(name: string): void {
  if (!FIELD_NAME.test(name)) throw new TypeError(`not a header field name: ${JSON.stringify(name)}`);
}

/**
 * A field from pieces that may be put on new lines; each piece but the first begins with the white space that
 * the fold goes before (RFC 5322 §2.2.3).
 */
export function foldField(fieldName: string, pieces: readonly string[]): string {
  const out: string[] = [`${fieldName}:`];
  let column = fieldName.length + 1;
  for (const [index, piece] of pieces.entries()) {
    const text = index === 0 ? ` ${piece}` : piece;
    if (index > 0 && column + text.length > COLUMNS && trimWhite(text) !== '') {
      out.push('\r\n');
      column = 0;
    }
    out.push(text);
    column += text.length;
  }
  out.push('\r\n');
  return out.join('');
}

/**
 * Encoded words for the whole text, each at most 75 characters and holding whole characters (RFC 2047 §5);
 * all but the first begin with the space that parts them.
 *
 * @param text well-formed Unicode without control characters
 * @param firstColumn columns already used on the line where the first word goes
 */
export function encodeWords(text: string, firstColumn: number): string[] {
  const encoding = preferredEncoding(text);
  const overhead = '=?utf-8?Q??='.length;
  const words: string[] = [];
  let chunk: string[] = [];
  let size = 0;
  let room = Math.max(Math.min(COLUMNS - firstColumn, LONGEST_WORD) - overhead, 16);
  const flush = () => {
    if (chunk.length === 0) return;
    words.push(
      `${words.length === 0 ? '' : ' '}=?utf-8?${encoding}?${encodeWord(encoding, chunk.join(''))}?=`,
    );
    chunk = [];
    size = 0;
    room = LONGEST_WORD - overhead;
  };
  for (const character of text) {
    const cost = encoding === 'B' ? fromUtf8(character).length : encodeWord('Q', character).length;
    const total = encoding === 'B' ? Math.ceil((size + cost) / 3) * 4 : size + cost;
    if (total > room) flush();
    chunk.push(character);
    size += cost;
  }
  flush();
  return words;
}

/** Q as long as most of the text stays readable in it; one choice for the whole text. */
function preferredEncoding(text: string): 'B' | 'Q' {
  const bytes = fromUtf8(text);
  let escaped = 0;
  for (const byte of bytes) if (!isPlainQ(byte)) escaped++;
  return escaped * 3 <= bytes.length ? 'Q' : 'B';
}

function encodeWord(encoding: 'B' | 'Q', text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  if (encoding === 'B') return bytes.toString('base64');
  let out = '';
  for (const byte of bytes) {
    if (byte === 0x20) out += '_';
    else if (isPlainQ(byte)) out += String.fromCharCode(byte);
    else out += `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

/** RFC 2047 §5 (3): what may stand as it is also inside a phrase; the space becomes `_`. */
const PLAIN_Q = new Set(fromLatin1('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/ '));

function isPlainQ(byte: number): boolean {
  return PLAIN_Q.has(byte);
}
