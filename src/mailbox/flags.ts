/**
 * Flags as they are stored: the five system flags of RFC 9051 §2.3.2 as bits, keywords as written. Both are
 * compared without case; `\Recent` is not stored, sessions have it.
 */
import { lowerAscii } from '../lib/bytes.ts';
import type { FlagChange } from './mail-store.ts';
import { StoreError } from './store-error.ts';

export interface FlagSet {
  readonly bits: number;
  /** In the order of their first use. */
  readonly keywords: readonly string[];
}

export const seenBit = 1;
export const deletedBit = 8;
export const draftBit = 16;

const systemFlags: readonly (readonly [name: string, bit: number])[] = [
  ['\\Seen', seenBit],
  ['\\Answered', 2],
  ['\\Flagged', 4],
  ['\\Deleted', deletedBit],
  ['\\Draft', draftBit],
];
const bitByName = new Map(systemFlags.map(([name, bit]) => [lowerAscii(name), bit]));

/** An atom of RFC 9051 §9: no space, parentheses, braces, `%*"\]` or control characters. */
const keywordPattern = /^[^\s(){%*"\\\]\p{Cc}]{1,255}$/u;
const mostKeywords = 100;

/**
 * The flags of a command as a set; `\Recent` is left out.
 * @throws {StoreError} `cannot` for a name that is no flag, `limit` for too many keywords.
 */
export function parseFlags(flags: readonly string[]): FlagSet {
  let bits = 0;
  const keywords = new Map<string, string>();
  for (const flag of flags) {
    const key = lowerAscii(flag);
    if (key === '\\recent') continue;
    const bit = bitByName.get(key);
    if (bit !== undefined) bits |= bit;
    else if (keywordPattern.test(flag)) keywords.set(key, keywords.get(key) ?? flag);
    else throw new StoreError('cannot', `${flag} cannot be stored as a flag`);
  }
  return limited({ bits, keywords: [...keywords.values()] });
}

/** The set as names, system flags first. */
export function formatFlags({ bits, keywords }: FlagSet): readonly string[] {
  return [...systemFlags.filter(([, bit]) => (bits & bit) !== 0).map(([name]) => name), ...keywords];
}

/** With keywords of the provider's own, which find room whatever the holder has set. */
export function withKeywords(current: FlagSet, keywords: readonly string[]): FlagSet {
  return applyChange(current, 'add', { bits: 0, keywords });
}

/** What the set is after the change; the same object when nothing changes. */
export function changeFlags(current: FlagSet, operation: FlagChange['operation'], named: FlagSet): FlagSet {
  const changed = applyChange(current, operation, named);
  return sameFlags(current, changed) ? current : limited(changed);
}

/** Keywords as one column. */
export function joinKeywords(keywords: readonly string[]): string {
  return keywords.join(' ');
}

export function splitKeywords(column: string): readonly string[] {
  return column === '' ? [] : column.split(' ');
}

function applyChange(current: FlagSet, operation: FlagChange['operation'], named: FlagSet): FlagSet {
  const namedKeys = new Set(named.keywords.map(lowerAscii));
  const others = current.keywords.filter((keyword) => !namedKeys.has(lowerAscii(keyword)));
  if (operation === 'remove') return { bits: current.bits & ~named.bits, keywords: others };
  const kept =
    operation === 'add'
      ? current.keywords
      : current.keywords.filter((keyword) => namedKeys.has(lowerAscii(keyword)));
  const keptKeys = new Set(kept.map(lowerAscii));
  const added = named.keywords.filter((keyword) => !keptKeys.has(lowerAscii(keyword)));
  const bits = operation === 'add' ? current.bits | named.bits : named.bits;
  return { bits, keywords: [...kept, ...added] };
}

function sameFlags(a: FlagSet, b: FlagSet): boolean {
  return a.bits === b.bits && joinKeywords(a.keywords) === joinKeywords(b.keywords);
}

function limited(flags: FlagSet): FlagSet {
  if (flags.keywords.length > mostKeywords) {
    throw new StoreError('limit', `A message may have ${mostKeywords} keywords`);
  }
  return flags;
}
