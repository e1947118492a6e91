/**
 * Mailbox patterns of LIST (RFC 3501 §6.3.8): `*` stands for anything, `%` for anything within a level.
 * Matching walks all positions side by side, so no pattern can make it slow.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SyntaxProblem } from './wire/syntax.ts';

const longestPattern = 500;
/** Steps of matching after which other sessions get their turn. */
const turnSteps = 500_000;

export interface ListPattern {
  readonly text: string;
  /** Ends in `%`: then levels of the hierarchy count as names too. */
  readonly endsInLevel: boolean;
}

/** @param text reference and pattern joined, decoded. @throws {SyntaxProblem} when too long. */
export function parsePattern(text: string): ListPattern {
  const simple = text.replace(/[*%]*\*[*%]*/g, '*').replace(/%+/g, '%');
  if (simple.length > longestPattern) throw new SyntaxProblem('The mailbox pattern is too long');
  return { text: simple, endsInLevel: simple.endsWith('%') };
}

/** INBOX matches in any case (RFC 3501 §5.1). */
export function matchesPattern(pattern: ListPattern, name: string): boolean {
  if (name !== 'INBOX') return matches(pattern.text, name);
  return matches(pattern.text.toUpperCase(), name);
}

/**
 * The items whose name matches one of the patterns. Hostile patterns over many long names take their time,
 * but not the time of other sessions.
 */
export async function selectMatching<T extends { readonly name: string }>(
  items: readonly T[],
  patterns: readonly ListPattern[],
): Promise<Set<T>> {
  const matching = new Set<T>();
  let steps = 0;
  for (const item of items) {
    if (patterns.some((pattern) => matchesPattern(pattern, item.name))) matching.add(item);
    for (const { text } of patterns) steps += text.length * item.name.length;
    if (steps < turnSteps) continue;
    steps = 0;
    await nextTurn();
  }
  return matching;
}

/** `alive` holds the places in the pattern that fit the name so far. */
function matches(pattern: string, name: string): boolean {
  let alive = withSkippedWildcards(new Set([0]), pattern);
  for (const char of name.split('')) {
    const next = new Set<number>();
    for (const at of alive) {
      const wanted = pattern.charAt(at);
      if (wanted === '*' || (wanted === '%' && char !== '/')) next.add(at);
      else if (wanted === char && wanted !== '%') next.add(at + 1);
    }
    if (next.size === 0) return false;
    alive = withSkippedWildcards(next, pattern);
  }
  return alive.has(pattern.length);
}

/** A wildcard may stand for nothing: the place after it is reached too. Wildcards never stand in a row. */
function withSkippedWildcards(alive: Set<number>, pattern: string): Set<number> {
  for (const at of [...alive]) {
    const wanted = pattern.charAt(at);
    if (wanted === '*' || wanted === '%') alive.add(at + 1);
  }
  return alive;
}
