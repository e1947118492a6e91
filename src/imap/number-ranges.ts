/**
 * Sets of positive integers (UIDs, sequence numbers) as ascending, disjoint, inclusive ranges. A mailbox of
 * a hundred thousand messages is mostly a handful of ranges: sets stay small and their algebra is linear in
 * the number of ranges, never of messages.
 */
export type Range = readonly [first: number, last: number];
export type Ranges = readonly Range[];

export const emptyRanges: Ranges = [];

/** Sorts, and joins what overlaps or touches. `Infinity` is allowed as an upper bound. */
export function normalizeRanges(ranges: Ranges): Ranges {
  if (ranges.length < 2) return ranges;
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  const joined: [number, number][] = [];
  for (const [first, last] of sorted) {
    const previous = joined.at(-1);
    if (previous !== undefined && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else joined.push([first, last]);
  }
  return joined;
}

/** The ranges of an ascending list of numbers. */
export function rangesOf(ascending: Iterable<number>): Ranges {
  const ranges: [number, number][] = [];
  let current: [number, number] | undefined;
  for (const value of ascending) {
    if (current !== undefined && value <= current[1] + 1) current[1] = Math.max(current[1], value);
    else {
      current = [value, value];
      ranges.push(current);
    }
  }
  return ranges;
}

/** How many numbers the ranges hold. */
export function countOf(ranges: Ranges): number {
  let count = 0;
  for (const [first, last] of ranges) count += last - first + 1;
  return count;
}

export function* valuesOf(ranges: Ranges): Generator<number> {
  for (const [first, last] of ranges) for (let value = first; value <= last; value++) yield value;
}

/** The index of the range that holds `value`, or -1. Binary search. */
export function rangeIndexOf(ranges: Ranges, value: number): number {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [first, last] = ranges[middle] as Range;
    if (value < first) high = middle - 1;
    else if (value > last) low = middle + 1;
    else return middle;
  }
  return -1;
}

export function includes(ranges: Ranges, value: number): boolean {
  return rangeIndexOf(ranges, value) >= 0;
}

/** What is in both; both normalized. */
export function intersect(one: Ranges, other: Ranges): Ranges {
  const common: Range[] = [];
  for (let i = 0, j = 0; i < one.length && j < other.length; ) {
    const [a, b] = one[i] as Range;
    const [c, d] = other[j] as Range;
    const first = Math.max(a, c);
    const last = Math.min(b, d);
    if (first <= last) common.push([first, last]);
    if (b < d) i++;
    else j++;
  }
  return common;
}

/** What is in `from` and not in `without`; both normalized. */
export function subtract(from: Ranges, without: Ranges): Ranges {
  const left: Range[] = [];
  let j = 0;
  for (const [first, last] of from) {
    let start = first;
    while (j < without.length && (without[j] as Range)[1] < start) j++;
    for (let k = j; k < without.length && (without[k] as Range)[0] <= last; k++) {
      const [cutFirst, cutLast] = without[k] as Range;
      if (cutFirst > start) left.push([start, cutFirst - 1]);
      start = Math.max(start, cutLast + 1);
    }
    if (start <= last) left.push([start, last]);
  }
  return left;
}

export function unite(one: Ranges, other: Ranges): Ranges {
  if (one.length === 0) return other;
  if (other.length === 0) return one;
  return normalizeRanges([...one, ...other]);
}

/** Cuts a set into pieces of at most `most` numbers, in order. */
export function* windowsOf(ranges: Ranges, most: number): Generator<Ranges> {
  let window: Range[] = [];
  let room = most;
  for (let [first, last] of ranges) {
    while (last - first + 1 > room) {
      window.push([first, first + room - 1]);
      yield window;
      first += room;
      window = [];
      room = most;
    }
    window.push([first, last]);
    room -= last - first + 1;
    if (room === 0) {
      yield window;
      window = [];
      room = most;
    }
  }
  if (window.length > 0) yield window;
}

/** The wire form: `1:3,7` (RFC 3501 sequence-set, RFC 4315 uid-set). */
export function formatRanges(ranges: Ranges): string {
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}:${last}`)).join(',');
}
