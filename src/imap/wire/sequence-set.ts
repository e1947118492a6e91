/**
 * sequence-set of RFC 3501 §9 and the `$` of RFC 5182: numbers and ranges of messages, still without
 * knowledge of the folder they will be applied to.
 */
import { normalizeRanges, type Ranges } from '../number-ranges.ts';
import { SyntaxProblem } from './syntax.ts';

export type SequenceSet =
  | { readonly kind: 'saved' }
  | {
      readonly kind: 'numbers';
      /** Normalized; numbers only. */
      readonly ranges: Ranges;
      /** The lower ends of ranges up to `*`: `4:*` and `*:4` both mean from the lesser of 4 and the last. */
      readonly toLast: readonly number[];
      /** The largest number named, 0 when only `*` is. */
      readonly largest: number;
    };

const setSyntax = /^(?:\d{1,10}|\*)(?::(?:\d{1,10}|\*))?(?:,(?:\d{1,10}|\*)(?::(?:\d{1,10}|\*))?)*$/;
const mostValue = 0xffffffff;

/** @throws {SyntaxProblem} */
export function parseSequenceSet(text: string): SequenceSet {
  if (text === '$') return { kind: 'saved' };
  if (!setSyntax.test(text)) throw new SyntaxProblem('A message set is expected, such as 1:4,7 or 5:*');
  const ranges: [number, number][] = [];
  const toLast: number[] = [];
  let largest = 0;
  for (const item of text.split(',')) {
    const [first, last] = parseRange(item);
    if (last === Infinity) toLast.push(first);
    else ranges.push([first, last]);
    largest = Math.max(largest, last === Infinity ? (first === Infinity ? 0 : first) : last);
  }
  return { kind: 'numbers', ranges: normalizeRanges(ranges), toLast, largest };
}

/** Ascending; `*` is Infinity. */
function parseRange(item: string): [number, number] {
  const colon = item.indexOf(':');
  const first = parseNumber(colon < 0 ? item : item.slice(0, colon));
  const last = colon < 0 ? first : parseNumber(item.slice(colon + 1));
  return first <= last ? [first, last] : [last, first];
}

function parseNumber(text: string): number {
  if (text === '*') return Infinity;
  const value = Number(text);
  if (value < 1 || value > mostValue) throw new SyntaxProblem('Message numbers run from 1 to 4294967295');
  return value;
}

/**
 * The numbers meant when the largest one in use is `last` (0 in an empty folder, where `*` means nothing).
 */
export function applySequenceSet(set: SequenceSet & { kind: 'numbers' }, last: number): Ranges {
  if (set.toLast.length === 0 || last === 0) return set.ranges;
  const open = set.toLast.map((first): [number, number] => [Math.min(first, last), last]);
  // RFC 3501 §9: "4:*" with a last of 3 is 3:4, and 4 is simply not there.
  return normalizeRanges([...set.ranges, ...open]);
}
