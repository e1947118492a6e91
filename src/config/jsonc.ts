/**
 * JSON with comments (`//` and block comments) and commas before a closing bracket. Stricter than `JSON.parse` in one
 * thing: a key that stands twice in one object is a mistake, since one of the two would silently not count.
 */

/**
 * Parses JSON with comments.
 * @throws {SyntaxError} whose message says what is wrong in which line.
 */
export function parseJsonc(text: string): unknown {
  const reader = new Reader(text);
  const value = reader.readValue();
  reader.expectEnd();
  return value;
}

const blanks = /(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y;
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const word = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])|(?:true|false|null)\b/y;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#take(blanks);
  }

  readValue(): unknown {
    if (this.#skip('{')) return this.#readMembers();
    if (this.#skip('[')) return this.#readItems();
    return JSON.parse(this.#take(string) || this.#take(word) || this.#fail('a value'));
  }

  expectEnd(): void {
    if (this.#at < this.#text.length) this.#fail('the end of the file');
  }

  #readMembers(): Record<string, unknown> {
    const members = new Map<string, unknown>();
    while (!this.#skip('}')) {
      const start = this.#at;
      const key = JSON.parse(this.#take(string) || this.#fail('a name in double quotes, or }')) as string;
      if (members.has(key))
        throw new SyntaxError(`line ${this.#lineOf(start)}: "${key}" stands here a second time`);
      if (!this.#skip(':')) this.#fail(':');
      members.set(key, this.readValue());
      this.#expectCommaOr('}');
    }
    return Object.fromEntries(members);
  }

  #readItems(): unknown[] {
    const items: unknown[] = [];
    while (!this.#skip(']')) {
      items.push(this.readValue());
      this.#expectCommaOr(']');
    }
    return items;
  }

  #expectCommaOr(closing: string): void {
    if (!this.#skip(',') && this.#text[this.#at] !== closing) this.#fail(`a comma or ${closing}`);
  }

  #skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    this.#take(blanks);
    return true;
  }

  /** What `pattern` matches here, blanks and comments after it passed over; empty when it does not match. */
  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    if (pattern !== blanks && found !== '') this.#take(blanks);
    return found;
  }

  #lineOf(position: number): number {
    return this.#text.slice(0, position).split('\n').length;
  }

  #fail(wanted: string): never {
    const found = this.#text.slice(this.#at, this.#at + 20).split('\n')[0];
    const what = found === '' || found === undefined ? 'the end of the line' : JSON.stringify(found);
    throw new SyntaxError(`line ${this.#lineOf(this.#at)}: expected ${wanted}, found ${what}`);
  }
}
