/** The grammar of GETMETADATA and SETMETADATA (RFC 5464 §5). */
import { fromLatin1 } from '../../lib/bytes.ts';
import type { Arguments } from './arguments.ts';
import { isAtom } from './arguments.ts';
import { formatString } from './format.ts';
import { SyntaxProblem } from './syntax.ts';

/** How deep below a named entry: 0, 1 or Infinity. */
export interface MetadataOptions {
  readonly depth: number;
  /** Longer values are left out. */
  readonly maxSize: number;
}

const mostEntries = 100;
const depths: Readonly<Record<string, number>> = { '0': 0, '1': 1, INFINITY: Number.POSITIVE_INFINITY };

/** An entry's name in lower case. @throws {SyntaxProblem} (RFC 5464 §3.2) */
export function readEntry(args: Arguments): string {
  const entry = args.astring().toLowerCase();
  if (!/^\/(?:shared|private)(?:\/[^/]+)+$/.test(entry) || entry.length > 1000) {
    throw new SyntaxProblem('An entry is expected, such as /private/comment');
  }
  if (/[*%\x00-\x19\x7f-\uffff]/.test(entry)) throw new SyntaxProblem('An entry holds a forbidden character');
  const levels = entry.split('/').length - 1;
  if (/^\/\w+\/vendor(?:\/|$)/.test(entry) && levels < 4) {
    throw new SyntaxProblem('A vendor entry has at least four levels, such as /private/vendor/name/entry');
  }
  return entry;
}

/** One entry or several, with or without parentheses. @throws {SyntaxProblem} */
export function readEntries(args: Arguments): string[] {
  const entries = args.peek() === '(' ? args.list(() => readEntry(args)) : [readEntry(args)];
  while (args.tryText(' ')) entries.push(readEntry(args));
  if (entries.length === 0 || entries.length > mostEntries) {
    throw new SyntaxProblem(`One to ${mostEntries} entries are expected`);
  }
  return entries;
}

/** `(MAXSIZE 1024 DEPTH 1) `, if that comes next. @throws {SyntaxProblem} */
export function readMetadataOptions(args: Arguments): MetadataOptions | undefined {
  if (args.match(/\((?=(?:MAXSIZE|DEPTH) )/iy) === undefined) return undefined;
  let options: MetadataOptions = { depth: 0, maxSize: Number.POSITIVE_INFINITY };
  do {
    const name = args.keyword();
    args.space();
    if (name === 'MAXSIZE') options = { ...options, maxSize: args.number() };
    else if (name === 'DEPTH') options = { ...options, depth: readDepth(args) };
    else throw new SyntaxProblem(`There is no option ${name}`);
  } while (args.tryText(' '));
  args.text(')');
  args.space();
  return options;
}

function readDepth(args: Arguments): number {
  const depth = depths[args.keyword()];
  if (depth === undefined) throw new SyntaxProblem('DEPTH is 0, 1 or infinity');
  return depth;
}

/** nstring or literal8: bytes, undefined for NIL. @throws {SyntaxProblem} */
export function readValue(args: Arguments): Uint8Array | undefined {
  const text = args.nstring();
  return text === undefined ? undefined : fromLatin1(text);
}

/** A byte string. */
export function formatEntry(entry: string): string {
  return isAtom(entry) ? entry : formatString(entry);
}

/** Quoted, as a literal, or as literal8 when it holds a NUL (RFC 3516). */
export function formatValue(value: Uint8Array | undefined): string {
  if (value === undefined) return 'NIL';
  const bytes = Buffer.from(value).toString('latin1');
  return value.includes(0) ? `~{${value.length}}\r\n${bytes}` : formatString(bytes);
}
