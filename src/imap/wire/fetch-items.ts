/** The grammar of what FETCH asks for (RFC 3501 §9 fetch-att; BINARY of RFC 3516). */
import { lowerAscii } from '../../lib/bytes.ts';
import type { Section, SectionText } from '../message/sections.ts';
import type { Arguments } from './arguments.ts';
import { formatAstring } from './format.ts';
import { SyntaxProblem } from './syntax.ts';

export interface Partial {
  readonly offset: number;
  readonly length: number;
}

export type FetchRequest =
  /** An item named by one word, e.g. FLAGS. */
  | { readonly kind: 'word'; readonly name: string }
  | {
      readonly kind: 'section';
      /** How the answer names it: `BODY[1.MIME]<0>`, `RFC822.HEADER`. */
      readonly label: string;
      readonly section: Section;
      readonly partial: Partial | undefined;
      /** Does not set \Seen. */
      readonly peek: boolean;
    }
  | {
      readonly kind: 'binary';
      readonly label: string;
      readonly path: readonly number[];
      readonly partial: Partial | undefined;
      readonly peek: boolean;
    }
  | { readonly kind: 'binary-size'; readonly label: string; readonly path: readonly number[] };

const macros: ReadonlyMap<string, readonly string[]> = new Map([
  ['FAST', ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE']],
  ['ALL', ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE']],
  ['FULL', ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE', 'BODY']],
]);

const whole: Section = { path: [], text: undefined, fields: undefined };

/** The items of RFC 822 times, as sections (RFC 3501 §6.4.5). */
const oldNames: ReadonlyMap<string, { section: Section; peek: boolean }> = new Map([
  ['RFC822', { section: whole, peek: false }],
  ['RFC822.HEADER', { section: { ...whole, text: 'HEADER' }, peek: true }],
  ['RFC822.TEXT', { section: { ...whole, text: 'TEXT' }, peek: false }],
]);

const mostItems = 200;
const deepestPath = 200;

/** One item, a macro, or a list of items. @throws {SyntaxProblem} */
export function readFetchItems(args: Arguments): FetchRequest[] {
  if (args.peek() !== '(') {
    const request = readFetchItem(args);
    const macro = request.kind === 'word' ? macros.get(request.name) : undefined;
    return macro?.map((name) => ({ kind: 'word', name })) ?? [request];
  }
  const requests = args.list(() => readFetchItem(args));
  if (requests.length > mostItems) throw new SyntaxProblem(`A FETCH takes at most ${mostItems} items`);
  return requests;
}

/** One item; no macro. @throws {SyntaxProblem} */
export function readFetchItem(args: Arguments): FetchRequest {
  const name = args.match(/[A-Za-z0-9.]+/y)?.[0].toUpperCase();
  if (name === undefined) throw new SyntaxProblem('A FETCH item is expected');
  const old = oldNames.get(name);
  if (old !== undefined) return { kind: 'section', label: name, partial: undefined, ...old };
  // RFC 8970 §3.1: LAZY allows to answer NIL; here a preview costs no more than its answer.
  if (name === 'PREVIEW') args.match(/ \(LAZY\)/iy);
  if (args.peek() !== '[') return { kind: 'word', name };
  if (name === 'BODY' || name === 'BODY.PEEK') return readBodySection(args, name === 'BODY.PEEK');
  if (name === 'BINARY' || name === 'BINARY.PEEK') return readBinary(args, name === 'BINARY.PEEK');
  if (name === 'BINARY.SIZE') return readBinarySize(args);
  throw new SyntaxProblem(`${name} has no sections`);
}

function readBodySection(args: Arguments, peek: boolean): FetchRequest {
  const { section, text } = readSection(args);
  const partial = readPartial(args);
  const label = `BODY[${text}]${partial === undefined ? '' : `<${partial.offset}>`}`;
  return { kind: 'section', label, section, partial, peek };
}

function readBinary(args: Arguments, peek: boolean): FetchRequest {
  const path = readBracketedPath(args);
  const partial = readPartial(args);
  const label = `BINARY[${path.join('.')}]${partial === undefined ? '' : `<${partial.offset}>`}`;
  return { kind: 'binary', label, path, partial, peek };
}

function readBinarySize(args: Arguments): FetchRequest {
  const path = readBracketedPath(args);
  return { kind: 'binary-size', label: `BINARY.SIZE[${path.join('.')}]`, path };
}

function readBracketedPath(args: Arguments): number[] {
  args.text('[');
  const path = readPath(args);
  args.text(']');
  return path;
}

function readPath(args: Arguments): number[] {
  const found = args.match(/[1-9]\d{0,8}(?:\.[1-9]\d{0,8})*/y);
  const path = found === undefined ? [] : found[0].split('.').map(Number);
  if (path.length > deepestPath) throw new SyntaxProblem('The part number is too long');
  return path;
}

/** `[` section-spec `]`, and the text between the brackets for the answer. */
function readSection(args: Arguments): { section: Section; text: string } {
  args.text('[');
  const path = readPath(args);
  if (path.length > 0 && !args.tryText('.')) {
    args.text(']');
    return { section: { path, text: undefined, fields: undefined }, text: path.join('.') };
  }
  const word = args.match(/[A-Za-z.]+/y)?.[0].toUpperCase() ?? '';
  const prefix = path.length === 0 ? '' : `${path.join('.')}.`;
  const fields = /^HEADER\.FIELDS(?:\.NOT)?$/.test(word) ? readFieldNames(args) : undefined;
  args.text(']');
  if (fields !== undefined) {
    const not = word.endsWith('.NOT');
    const names = new Set(fields.map(lowerAscii));
    const text = `${prefix}${word} (${fields.map(formatAstring).join(' ')})`;
    return { section: { path, text: 'HEADER', fields: { names, not } }, text };
  }
  return { section: { path, text: sectionText(word, path), fields: undefined }, text: prefix + word };
}

function sectionText(word: string, path: readonly number[]): SectionText | undefined {
  if (word === '' && path.length === 0) return undefined;
  if (word === 'HEADER' || word === 'TEXT') return word;
  // RFC 3501 §6.4.5: MIME must be preceded by a part number.
  if (word === 'MIME' && path.length > 0) return word;
  throw new SyntaxProblem(`There is no section ${word}`);
}

function readFieldNames(args: Arguments): string[] {
  args.space();
  const names = args.list(() => args.astring());
  if (names.length === 0) throw new SyntaxProblem('At least one header field name is expected');
  return names;
}

function readPartial(args: Arguments): Partial | undefined {
  if (!args.tryText('<')) return undefined;
  const offset = args.number();
  args.text('.');
  const length = args.nzNumber();
  args.text('>');
  return { offset, length };
}
