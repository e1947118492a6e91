/**
 * The grammar that Content-Type and Content-Disposition share: a value, then `; name=value` (RFC 2045 §5.1), with
 * comments where people put them. Reads anything, in one pass; nothing is decoded.
 */
import { lowerAscii, trimWhite } from '../lib/bytes.ts';

export interface RawParameter {
  /** Lower case, with the marks of RFC 2231 (`filename*0*`). */
  readonly name: string;
  /** Unquoted, raw Latin-1. */
  readonly value: string;
}

export interface ParameterizedValue {
  /** What stands before the first `;`, comments removed. */
  readonly head: string;
  readonly parameters: readonly RawParameter[];
}

/** @param text unfolded, raw Latin-1 */
export function readParameterizedValue(text: string): ParameterizedValue {
  return new ParameterReader(text).read();
}

class ParameterReader {
  readonly #text: string;
  #at = 0;
  /** A comment was found that never closes: no later one can, and `(` is a character like others. */
  #unclosed = false;

  constructor(text: string) {
    this.#text = text;
  }

  read(): ParameterizedValue {
    const head = this.#takeUntil(';');
    const parameters: RawParameter[] = [];
    for (this.#at++; this.#at < this.#text.length; this.#at++) {
      const name = lowerAscii(this.#takeUntil('=;'));
      if (this.#text[this.#at] !== '=') continue;
      this.#at++;
      const value = this.#takeValue();
      if (name !== '') parameters.push({ name, value });
    }
    return { head, parameters };
  }

  /** The text up to one of `stops` (left unread) or the end, trimmed, each comment as a space. */
  #takeUntil(stops: string): string {
    let taken = '';
    let run = this.#at;
    while (this.#at < this.#text.length && !stops.includes(this.#text.charAt(this.#at))) {
      const end = this.#text[this.#at] === '(' ? this.#commentEnd(this.#at) : this.#at;
      if (end === this.#at) {
        this.#at++;
        continue;
      }
      taken += `${this.#text.slice(run, this.#at)} `;
      this.#at = end;
      run = end;
    }
    return trimWhite(taken + this.#text.slice(run, this.#at));
  }

  /** The place after the comment that opens at `at` (RFC 5322 §3.2.2); `at` itself when it never closes. */
  #commentEnd(at: number): number {
    if (this.#unclosed) return at;
    let depth = 0;
    for (let i = at; i < this.#text.length; i++) {
      const character = this.#text[i];
      if (character === '\\') i++;
      else if (character === '(') depth++;
      else if (character === ')' && --depth === 0) return i + 1;
    }
    this.#unclosed = true;
    return at;
  }

  /** A value up to its `;` (left unread) or the end. */
  #takeValue(): string {
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#at++;
    if (this.#text[this.#at] === '"') {
      const value = this.#takeQuoted();
      // Whatever follows the closing quote is no part of it.
      this.#takeUntil(';');
      return value;
    }
    // Not quoted: up to the `;`, blanks included, because `filename=my file.pdf` is everywhere.
    const semicolon = this.#text.indexOf(';', this.#at);
    const end = semicolon === -1 ? this.#text.length : semicolon;
    const value = trimWhite(this.#text.slice(this.#at, end));
    this.#at = end;
    return dropTrailingComment(value);
  }

  #takeQuoted(): string {
    let value = '';
    let run = ++this.#at;
    while (this.#at < this.#text.length && this.#text[this.#at] !== '"') {
      if (this.#text[this.#at] === '\\') {
        value += this.#text.slice(run, this.#at);
        run = ++this.#at;
      }
      this.#at++;
    }
    value += this.#text.slice(run, this.#at);
    this.#at++;
    return value;
  }
}

function dropTrailingComment(value: string): string {
  if (!value.endsWith(')')) return value;
  const open = value.indexOf(' (');
  return open === -1 ? value : trimWhite(value.slice(0, open));
}
