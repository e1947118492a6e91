/**
 * Quoting of mboxrd: a line of the message that begins with any number of `>` and then `From ` gets one more `>`, so that
 * it can be taken off again exactly.
 */
const word = Buffer.from('From ');
const LF = 0x0a;
const quote = 0x3e;

/** Takes the bytes of one message in pieces; the result does not depend on how they are cut. */
export class MboxQuoting {
  /** True while the line holds nothing but `>`. */
  #onlyQuotes = true;
  /** The end of the last piece that may be the beginning of the word; at most four bytes. */
  #held: Uint8Array = new Uint8Array(0);
  #last = LF;

  push(chunk: Uint8Array): Uint8Array {
    const bytes = Buffer.concat([this.#held, chunk]);
    const found = this.#findWords(bytes);
    const keep = this.#onlyQuotes ? beginningOfWord(bytes) : 0;
    const whole = bytes.subarray(0, bytes.length - keep);
    this.#held = bytes.subarray(bytes.length - keep);
    const parts: Uint8Array[] = [];
    let from = 0;
    for (const at of found) {
      // One more among the quotes: which of them is new cannot be seen.
      parts.push(whole.subarray(from, at), Buffer.from('>'));
      from = at;
    }
    const quoted = Buffer.concat([...parts, whole.subarray(from)]);
    this.#last = quoted.at(-1) ?? this.#last;
    return quoted;
  }

  /** What was held back, and a line end if the last line has none. */
  end(): Uint8Array {
    const last = this.#held.at(-1) ?? this.#last;
    return last === LF ? this.#held : Buffer.concat([this.#held, Buffer.from('\n')]);
  }

  /** Where the word stands at the beginning of a line, quotes aside; notes whether the last line may still begin so. */
  #findWords(bytes: Buffer): number[] {
    const found: number[] = [];
    for (let at = bytes.indexOf(word); at >= 0; at = bytes.indexOf(word, at + 1)) {
      const start = skipQuotesBack(bytes, at);
      if (start === 0 ? this.#onlyQuotes : bytes[start - 1] === LF) found.push(at);
    }
    const lineStart = bytes.lastIndexOf(LF) + 1;
    const before = lineStart > 0 || this.#onlyQuotes;
    const rest = bytes.subarray(lineStart);
    this.#onlyQuotes = before && isBeginning(rest.subarray(skipQuotes(rest)));
    return found;
  }
}

function skipQuotesBack(bytes: Uint8Array, at: number): number {
  let start = at;
  while (start > 0 && bytes[start - 1] === quote) start -= 1;
  return start;
}

function skipQuotes(bytes: Uint8Array): number {
  let count = 0;
  while (count < bytes.length && bytes[count] === quote) count += 1;
  return count;
}

/** Nothing, or the first letters of the word and no more. */
function isBeginning(rest: Buffer): boolean {
  return rest.length < word.length && word.subarray(0, rest.length).equals(rest);
}

/** How many bytes at the end are the beginning of the word, and not yet all of it. */
function beginningOfWord(bytes: Buffer): number {
  for (let length = Math.min(word.length - 1, bytes.length); length > 0; length -= 1)
    if (word.subarray(0, length).equals(bytes.subarray(bytes.length - length))) return length;
  return 0;
}
