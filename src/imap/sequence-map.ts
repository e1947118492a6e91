/**
 * Which UID stands at which sequence number in a selected folder (RFC 3501 §2.3.1). Kept as ranges, each
 * with the sequence number of its first UID: a folder of 100,000 messages without holes is one range.
 */
import {
  intersect,
  normalizeRanges,
  type Range,
  type Ranges,
  rangeIndexOf,
  subtract,
  valuesOf,
} from './number-ranges.ts';

export class SequenceMap {
  #ranges: Ranges;
  /** Sequence number of the first UID of each range, then the number of messages plus one. */
  #starts: number[];

  constructor(uids: Ranges) {
    this.#ranges = uids;
    this.#starts = startsOf(uids);
  }

  get count(): number {
    return (this.#starts.at(-1) as number) - 1;
  }

  /** All UIDs. */
  get uids(): Ranges {
    return this.#ranges;
  }

  /** The largest UID, 0 in an empty folder. */
  get lastUid(): number {
    return this.#ranges.at(-1)?.[1] ?? 0;
  }

  has(uid: number): boolean {
    return rangeIndexOf(this.#ranges, uid) >= 0;
  }

  /** Undefined for a UID that is not here. */
  sequenceOf(uid: number): number | undefined {
    const index = rangeIndexOf(this.#ranges, uid);
    if (index < 0) return undefined;
    return (this.#starts[index] as number) + uid - (this.#ranges[index] as Range)[0];
  }

  /** Undefined beyond the last message. */
  uidAt(sequence: number): number | undefined {
    if (sequence < 1 || sequence > this.count) return undefined;
    let low = 0;
    let high = this.#ranges.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] as number) <= sequence) low = middle;
      else high = middle - 1;
    }
    return (this.#ranges[low] as Range)[0] + sequence - (this.#starts[low] as number);
  }

  /** The UIDs at these sequence numbers; numbers beyond the last message are ignored. */
  uidsAt(sequences: Ranges): Ranges {
    const cuts = intersect(sequences, [[1, this.count]]).map(
      ([first, last]): Range => [this.uidAt(first) as number, this.uidAt(last) as number],
    );
    return intersect(this.#ranges, cuts);
  }

  /** The sequence numbers of these UIDs, as far as they are here. */
  sequencesOf(uids: Ranges): Ranges {
    const sequences = intersect(uids, this.#ranges).map(([first, last]): Range => {
      const sequence = this.sequenceOf(first) as number;
      return [sequence, sequence + last - first];
    });
    return normalizeRanges(sequences);
  }

  /** Adds UIDs above all present ones. */
  append(uids: Ranges): void {
    this.#ranges = normalizeRanges([...this.#ranges, ...uids]);
    this.#starts = startsOf(this.#ranges);
  }

  /**
   * Takes messages out. The result is the sequence numbers to announce, from the highest down: so each
   * number holds whether or not the client has applied the others.
   */
  remove(uids: Ranges): number[] {
    const sequences = [...valuesOf(this.sequencesOf(uids))].reverse();
    this.#ranges = subtract(this.#ranges, uids);
    this.#starts = startsOf(this.#ranges);
    return sequences;
  }
}

function startsOf(ranges: Ranges): number[] {
  const starts = [1];
  let next = 1;
  for (const [first, last] of ranges) {
    next += last - first + 1;
    starts.push(next);
  }
  return starts;
}
