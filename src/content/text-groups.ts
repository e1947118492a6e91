/**
 * What the index of texts needs of a text: each group of three characters once. Base64 and the like hold nearly all
 * groups there are, again and again; a megabyte of it would hold the server up for a second.
 */

/** A group of three ASCII characters is a number of 21 bits, and has its bit here. */
const asciiGroups = 1 << 21;
const seenAscii = new Uint32Array(asciiGroups / 32);

/**
 * The text without what brings no new group of three: each group of `text` is in the result, and beside them only such
 * as hold a line end. Undefined when that is longer than `most`.
 *
 * @param text without NUL
 */
export function keepNewGroups(text: string, most: number): string | undefined {
  if (text.length < 3) return text;
  const groups = new SeenGroups();
  let kept = '';
  /** What is to be kept next: from here up to, not including, `end`. */
  let start = 0;
  let end = 0;
  for (let i = 0; i < text.length; i++) {
    if (!groups.isNew(text.charCodeAt(i)) || i < 2) continue;
    if (i - 2 > end) {
      kept += `${text.slice(start, end)}\n`;
      start = i - 2;
    }
    end = i + 1;
    if (kept.length + end - start > most) return undefined;
  }
  return kept + text.slice(start, end);
}

/** Groups that came before. One at a time: they share their memory. */
class SeenGroups {
  readonly #others = new Set<number>();
  #first = 0;
  #second = 0;
  #third = 0;

  constructor() {
    seenAscii.fill(0);
  }

  /** Whether the code unit makes with the two before it a group that did not come yet, as far as that can be told. */
  isNew(code: number): boolean {
    this.#first = this.#second;
    this.#second = this.#third;
    this.#third = code;
    const any = this.#first | this.#second | code;
    if (any <= 0x7f) return this.#isNewAscii((this.#first << 14) | (this.#second << 7) | code);
    // A character of two units makes groups of four to six units: all that it is in stays together.
    if (isHalf(this.#first) || isHalf(this.#second) || isHalf(code)) return true;
    const key = (this.#first * 0x10000 + this.#second) * 0x10000 + code;
    if (this.#others.has(key)) return false;
    this.#others.add(key);
    return true;
  }

  #isNewAscii(key: number): boolean {
    const word = seenAscii[key >> 5] ?? 0;
    const bit = 1 << (key & 31);
    seenAscii[key >> 5] = word | bit;
    return (word & bit) === 0;
  }
}

function isHalf(code: number): boolean {
  return (code & 0xf800) === 0xd800;
}
