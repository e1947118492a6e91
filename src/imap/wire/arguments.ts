/**
 * The arguments of one command, read from left to right by the productions of RFC 3501 §9 (RFC 9051 §9).
 * Works on the pieces of a command: its lines, and between them the literals that were announced at their
 * ends. Each method reads exactly its production and throws a {@link SyntaxProblem} if it is not there.
 */
import { parseSequenceSet, type SequenceSet } from './sequence-set.ts';
import { consistsOf, isAstringChar, isAtomChar, isListChar, SyntaxProblem } from './syntax.ts';

export interface LiteralPiece {
  readonly bytes: Uint8Array;
  /** literal8 (RFC 3516): NULs are allowed. */
  readonly binary: boolean;
}
/** A line without its announcement and line end, as a byte string, or a literal. */
export type Piece = string | LiteralPiece;

export class Arguments {
  /** May grow while a command with streamed literals is read. */
  readonly #pieces: readonly Piece[];
  #piece = 0;
  #at = 0;

  constructor(pieces: readonly Piece[], at = 0) {
    this.#pieces = pieces;
    this.#at = at;
  }

  get #text(): string {
    const piece = this.#pieces[this.#piece];
    return typeof piece === 'string' ? piece : '';
  }

  /** True at the end of a line, be it the command's end or where a literal begins. */
  get atLineEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  get atEnd(): boolean {
    return this.atLineEnd && this.#piece >= this.#pieces.length - 1;
  }

  /** @throws {SyntaxProblem} when something but blanks is left over. */
  end(): void {
    this.match(/ +/y);
    if (!this.atEnd) throw new SyntaxProblem(`Unexpected text after the arguments${this.#where()}`);
  }

  /** The next character without reading it; empty at the end of a line. */
  peek(): string {
    return this.#text.charAt(this.#at);
  }

  /** Reads `expected` (compared without case) if it is next. */
  tryText(expected: string): boolean {
    const next = this.#text.slice(this.#at, this.#at + expected.length);
    if (next.length !== expected.length || next.toUpperCase() !== expected.toUpperCase()) return false;
    this.#at += expected.length;
    return true;
  }

  text(expected: string): void {
    if (!this.tryText(expected)) throw new SyntaxProblem(`"${expected}" is expected${this.#where()}`);
  }

  space(): void {
    if (!this.tryText(' ')) throw new SyntaxProblem(`A space is expected${this.#where()}`);
  }

  /** Reads what `pattern` (sticky) matches at this place, or nothing. */
  match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#at += found[0].length;
    return found;
  }

  atom(): string {
    return this.#run(isAtomChar, 'An atom');
  }

  /** An atom in upper case. */
  keyword(): string {
    return this.atom().toUpperCase();
  }

  /** 0 to 2^63-1; above 2^53 only the order of magnitude is kept. */
  number(): number {
    const digits = this.match(/\d{1,19}/y);
    if (digits === undefined) throw new SyntaxProblem(`A number is expected${this.#where()}`);
    return Number(digits[0]);
  }

  nzNumber(): number {
    const value = this.number();
    if (value === 0) throw new SyntaxProblem(`A number above 0 is expected${this.#where()}`);
    return value;
  }

  /** A byte string. */
  astring(): string {
    return this.#atString() ? this.string() : this.#run(isAstringChar, 'A string');
  }

  /** list-mailbox: an astring that may hold wildcards. */
  listMailbox(): string {
    return this.#atString() ? this.string() : this.#run(isListChar, 'A mailbox pattern');
  }

  /** Quoted or literal, as a byte string. */
  string(): string {
    if (this.peek() === '"') return this.#quoted();
    const literal = this.literal();
    return Buffer.from(literal.bytes).toString('latin1');
  }

  nstring(): string | undefined {
    return this.match(/NIL(?![^ ()])/iy) === undefined ? this.string() : undefined;
  }

  /** True when a quoted string or a literal comes next. */
  #atString(): boolean {
    return this.peek() === '"' || (this.atLineEnd && typeof this.#pieces[this.#piece + 1] === 'object');
  }

  literal(): LiteralPiece {
    const next = this.#pieces[this.#piece + 1];
    if (!this.atLineEnd || typeof next !== 'object') {
      throw new SyntaxProblem(`A string is expected${this.#where()}`);
    }
    this.afterLiteral();
    return next;
  }

  /** Moves on to the line after a literal. */
  afterLiteral(): void {
    this.#piece += 2;
    this.#at = 0;
  }

  /** `(` item *(SP item) `)`; the list may be empty. */
  list<T>(readItem: () => T): T[] {
    this.text('(');
    const items: T[] = [];
    if (this.tryText(')')) return items;
    do items.push(readItem());
    while (this.tryText(' '));
    this.text(')');
    return items;
  }

  sequenceSet(): SequenceSet {
    const found = this.match(/[\d:*,]+|\$/y);
    if (found === undefined) throw new SyntaxProblem(`A message set is expected${this.#where()}`);
    return parseSequenceSet(found[0]);
  }

  /** A flag or keyword as written, e.g. `\Seen`. */
  flag(): string {
    const backslash = this.tryText('\\') ? '\\' : '';
    return backslash + this.#run(isAtomChar, 'A flag');
  }

  flagList(): string[] {
    return this.list(() => this.flag());
  }

  #run(accepts: (code: number) => boolean, what: string): string {
    const text = this.#text;
    let end = this.#at;
    while (end < text.length && accepts(text.charCodeAt(end))) end++;
    if (end === this.#at) throw new SyntaxProblem(`${what} is expected${this.#where()}`);
    const run = text.slice(this.#at, end);
    this.#at = end;
    return run;
  }

  #quoted(): string {
    const found = this.match(/"((?:[^"\\\r\n\0]|\\["\\])*)"/y);
    if (found === undefined) throw new SyntaxProblem(`A quoted string is not closed${this.#where()}`);
    return (found[1] as string).replace(/\\(.)/g, '$1');
  }

  #where(): string {
    if (this.atEnd) return ' at the end of the command';
    return ` in line ${this.#piece / 2 + 1}, column ${this.#at + 1}`;
  }
}

/** True for a string that can be written as an atom. */
export const isAtom = (text: string): boolean => consistsOf(text, (code) => code < 0x80 && isAtomChar(code));
