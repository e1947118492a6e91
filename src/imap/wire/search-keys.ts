/** The grammar of search programs (RFC 3501 §6.4.4; WITHIN of RFC 5032, MODSEQ of RFC 7162). */
import type { Instant } from '../../lib/time.ts';
import { decodeCharset } from '../../mime/charset.ts';
import { Refusal } from '../refusal.ts';
import type { Arguments } from './arguments.ts';
import { parseDay } from './dates.ts';
import type { SequenceSet } from './sequence-set.ts';
import { fromByteString, SyntaxProblem } from './syntax.ts';

export type SearchKey =
  | { readonly kind: 'all' }
  | { readonly kind: 'and' | 'or'; readonly keys: readonly SearchKey[] }
  | { readonly kind: 'not'; readonly key: SearchKey }
  | { readonly kind: 'set'; readonly set: SequenceSet; readonly byUid: boolean }
  | { readonly kind: 'flag'; readonly flag: string }
  | { readonly kind: 'recent' }
  | { readonly kind: 'larger' | 'smaller'; readonly bytes: number }
  | { readonly kind: 'date'; readonly of: DateKind; readonly compare: DateCompare; readonly day: Instant }
  | { readonly kind: 'younger' | 'older'; readonly seconds: number }
  | { readonly kind: 'modseq'; readonly least: number }
  /** EMAILID and THREADID of RFC 8474. */
  | { readonly kind: 'email-id'; readonly id: string }
  | { readonly kind: 'thread-id'; readonly id: string }
  /** `text` is Unicode; empty: the field exists. */
  | { readonly kind: 'header'; readonly name: string; readonly text: string }
  | { readonly kind: 'body' | 'text'; readonly text: string };

/** Arrival in the server, Date field, arrival in the folder. */
export type DateKind = 'internal' | 'sent' | 'saved';
export type DateCompare = 'before' | 'on' | 'since';

/** How strings are read: the charset the client named. */
type Decode = (bytes: string) => string;
type ReadKey = (args: Arguments, decode: Decode) => SearchKey;

const charsets = ['US-ASCII', 'UTF-8', 'ISO-8859-1', 'ISO-8859-15', 'WINDOWS-1252'];
const deepestNesting = 100;
const mostKeys = 500;

const all: SearchKey = { kind: 'all' };
const flag = (name: string): SearchKey => ({ kind: 'flag', flag: name });
const not = (key: SearchKey): SearchKey => ({ kind: 'not', key });
const recent: SearchKey = { kind: 'recent' };

const constants: readonly (readonly [string, SearchKey])[] = [
  ['ALL', all],
  ['ANSWERED', flag('\\Answered')],
  ['DELETED', flag('\\Deleted')],
  ['DRAFT', flag('\\Draft')],
  ['FLAGGED', flag('\\Flagged')],
  ['SEEN', flag('\\Seen')],
  ['UNANSWERED', not(flag('\\Answered'))],
  ['UNDELETED', not(flag('\\Deleted'))],
  ['UNDRAFT', not(flag('\\Draft'))],
  ['UNFLAGGED', not(flag('\\Flagged'))],
  ['UNSEEN', not(flag('\\Seen'))],
  ['RECENT', recent],
  ['OLD', not(recent)],
  ['NEW', { kind: 'and', keys: [recent, not(flag('\\Seen'))] }],
];

const fixed =
  (key: SearchKey): ReadKey =>
  () =>
    key;

function readString(args: Arguments, decode: Decode): string {
  args.space();
  return decode(args.astring());
}

function readNumber(args: Arguments): number {
  args.space();
  return args.number();
}

const inHeader =
  (name: string): ReadKey =>
  (args, decode) => ({ kind: 'header', name, text: readString(args, decode) });

const inBytes =
  (kind: 'body' | 'text'): ReadKey =>
  (args, decode) => ({ kind, text: readString(args, decode) });

const byDate =
  (of: DateKind, compare: DateCompare): ReadKey =>
  (args) => {
    args.space();
    return { kind: 'date', of, compare, day: parseDay(args.astring()) };
  };

function readHeader(args: Arguments, decode: Decode): SearchKey {
  args.space();
  const name = args.astring().toLowerCase();
  return { kind: 'header', name, text: readString(args, decode) };
}

function readKeyword(args: Arguments): SearchKey {
  args.space();
  return flag(args.flag());
}

const readObjectId =
  (kind: 'email-id' | 'thread-id'): ReadKey =>
  (args) => {
    args.space();
    return { kind, id: args.atom() };
  };

/** `MODSEQ ["/flags/\\Seen" all] 1234`; there is one modseq a message, so the entry makes no difference. */
function readModseq(args: Arguments): SearchKey {
  args.space();
  if (args.peek() === '"') {
    args.string();
    args.space();
    args.atom();
    args.space();
  }
  return { kind: 'modseq', least: args.number() };
}

const readers: ReadonlyMap<string, ReadKey> = new Map<string, ReadKey>([
  ...constants.map(([name, key]) => [name, fixed(key)] as const),
  ['BCC', inHeader('bcc')],
  ['CC', inHeader('cc')],
  ['FROM', inHeader('from')],
  ['SUBJECT', inHeader('subject')],
  ['TO', inHeader('to')],
  ['HEADER', readHeader],
  ['BODY', inBytes('body')],
  ['TEXT', inBytes('text')],
  ['BEFORE', byDate('internal', 'before')],
  ['ON', byDate('internal', 'on')],
  ['SINCE', byDate('internal', 'since')],
  ['SENTBEFORE', byDate('sent', 'before')],
  ['SENTON', byDate('sent', 'on')],
  ['SENTSINCE', byDate('sent', 'since')],
  ['SAVEDBEFORE', byDate('saved', 'before')],
  ['SAVEDON', byDate('saved', 'on')],
  ['SAVEDSINCE', byDate('saved', 'since')],
  ['SAVEDATESUPPORTED', fixed(all)],
  ['EMAILID', readObjectId('email-id')],
  ['THREADID', readObjectId('thread-id')],
  ['LARGER', (args) => ({ kind: 'larger', bytes: readNumber(args) })],
  ['SMALLER', (args) => ({ kind: 'smaller', bytes: readNumber(args) })],
  ['YOUNGER', (args) => ({ kind: 'younger', seconds: readNumber(args) })],
  ['OLDER', (args) => ({ kind: 'older', seconds: readNumber(args) })],
  ['KEYWORD', readKeyword],
  ['UNKEYWORD', (args) => not(readKeyword(args))],
  ['MODSEQ', readModseq],
  [
    'UID',
    (args) => {
      args.space();
      return { kind: 'set', set: args.sequenceSet(), byUid: true };
    },
  ],
]);

/**
 * `[CHARSET name] key *(SP key)`, after the space.
 * @param utf8Only the client enabled UTF8=ACCEPT: naming a charset then is an error (RFC 6855 §3)
 * @throws {SyntaxProblem}; {@link Refusal} BADCHARSET
 */
export function readSearchProgram(args: Arguments, utf8Only = false): SearchKey {
  let decode: Decode = fromByteString;
  if (args.tryText('CHARSET ')) {
    if (utf8Only) throw new SyntaxProblem('After ENABLE UTF8=ACCEPT no charset may be named');
    decode = chooseCharset(args.astring());
    args.space();
  }
  return readKeys(args, decode, '');
}

/** The charset given in front, as SORT and THREAD do. @throws {Refusal} BADCHARSET */
export function readSearchKeys(args: Arguments, charset: string): SearchKey {
  return readKeys(args, chooseCharset(charset), '');
}

function chooseCharset(name: string): Decode {
  const charset = charsets.find((each) => each === name.toUpperCase());
  if (charset === undefined) {
    throw new Refusal(`BADCHARSET (${charsets.join(' ')})`, `Texts cannot be searched in ${name}`);
  }
  if (charset === 'US-ASCII' || charset === 'UTF-8') return fromByteString;
  return (bytes) => decodeCharset(Buffer.from(bytes, 'latin1'), charset);
}

function readKeys(args: Arguments, decode: Decode, nesting: string): SearchKey {
  const keys = [readKey(args, decode, nesting)];
  while (args.peek() === ' ') {
    args.space();
    // Blanks at the end of a command are forgiven everywhere.
    if (args.atEnd) break;
    if (keys.length >= mostKeys)
      throw new SyntaxProblem(`At most ${mostKeys} search keys may stand side by side`);
    keys.push(readKey(args, decode, nesting));
  }
  return keys.length === 1 ? (keys[0] as SearchKey) : { kind: 'and', keys };
}

/** `nesting` grows by a character a level, so that nobody can exhaust the stack. */
function readKey(args: Arguments, decode: Decode, nesting: string): SearchKey {
  if (nesting.length > deepestNesting) throw new SyntaxProblem('The search is nested too deeply');
  if (args.tryText('(')) {
    const key = readKeys(args, decode, `${nesting}(`);
    args.text(')');
    return key;
  }
  if (/[\d*$]/.test(args.peek())) return { kind: 'set', set: args.sequenceSet(), byUid: false };
  const name = args.keyword();
  if (name === 'NOT') {
    args.space();
    return not(readKey(args, decode, `${nesting}!`));
  }
  if (name === 'OR') return readOr(args, decode, `${nesting}|`);
  const read = readers.get(name);
  if (read === undefined) throw new SyntaxProblem(`There is no search key ${name}`);
  return read(args, decode);
}

function readOr(args: Arguments, decode: Decode, nesting: string): SearchKey {
  args.space();
  const one = readKey(args, decode, nesting);
  args.space();
  return { kind: 'or', keys: [one, readKey(args, decode, nesting)] };
}
