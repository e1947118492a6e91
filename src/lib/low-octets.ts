/**
 * The search for whatever means something to lines: CR, LF, NUL, and the few others up to CR. Every octet of every
 * message passes here, so four are looked at together, in the words that the processor has anyway.
 */

const CR = 0x0d;
/** One more than CR in each octet, and the highest bit of each. */
const ABOVE = 0x0e0e0e0e;
const HIGH = 0x80808080;

/** One chunk of bytes, which must not be written to beyond where the search has come. */
export class LowOctets {
  readonly #chunk: Uint8Array;
  /** The memory of the chunk as words, from the one in which the chunk begins; only whole words. */
  readonly #words: Int32Array;
  /** Octets of the first word that stand before the chunk. */
  readonly #before: number;

  constructor(chunk: Uint8Array) {
    this.#chunk = chunk;
    this.#before = chunk.byteOffset & 3;
    const count = (this.#before + chunk.length) >> 2;
    this.#words = new Int32Array(chunk.buffer, chunk.byteOffset - this.#before, count);
  }

  /** Where an octet from NUL to CR first stands at or after `at`; the length of the chunk when there is none. */
  find(at: number): number {
    const chunk = this.#chunk;
    const words = this.#words;
    const before = this.#before;
    const { length } = chunk;
    const firstWhole = Math.min(length, at + (-(at + before) & 3));
    let i = at;
    for (; i < firstWhole; i++) if ((chunk[i] as number) <= CR) return i;
    let word = (i + before) >> 2;
    // Taking one more than CR off an octet borrows from its highest bit only when the octet is none above CR.
    for (; word < words.length; word++) {
      const octets = words[word] as number;
      if (((octets - ABOVE) & ~octets & HIGH) !== 0) break;
    }
    for (i = Math.max(i, (word << 2) - before); i < length; i++) if ((chunk[i] as number) <= CR) return i;
    return length;
  }
}
