/**
 * Sorting by a text of the header without comparing texts again: each message remembers its place in the last large
 * sort, equal texts the same one. Where all messages of a sort have theirs from the same earlier sort, only numbers are
 * compared; texts never change, so the order is the same.
 */
import type { KeyKind } from './header-keys.ts';
import type { MessageFacts } from './message-facts.ts';

/** Fewer are sorted faster than remembered. */
const fewest = 500;
/** Messages of one sort fit below this, and their places above it. */
const shift = 2 ** 26;

let lastRound = 0;

/**
 * The order of the messages by a text: indexes, equals in the order given. Undefined when it is not known: then
 * {@link rememberOrder} may be told.
 */
export function recallOrder(
  messages: readonly MessageFacts[],
  kind: KeyKind,
  reverse: boolean,
): number[] | undefined {
  if (messages.length < fewest || messages.length >= shift) return undefined;
  const [first] = messages;
  const round = first?.keys.place?.round;
  if (round === undefined) return undefined;
  const packed = new Float64Array(messages.length);
  let index = 0;
  for (const { keys } of messages) {
    const known = keys.place;
    if (known === undefined || known.round !== round || known.kind !== kind) return undefined;
    packed[index] = (reverse ? shift - known.place : known.place) * shift + index;
    index += 1;
  }
  packed.sort();
  return Array.from(packed, (value) => value % shift);
}

/** @param sorted in ascending order of the text that `textOf` gives */
export function rememberOrder(
  sorted: readonly MessageFacts[],
  kind: KeyKind,
  textOf: (facts: MessageFacts) => string | number,
): void {
  if (sorted.length < fewest || sorted.length >= shift) return;
  lastRound += 1;
  let place = 0;
  let before: string | number | undefined;
  for (const facts of sorted) {
    const text = textOf(facts);
    if (text !== before) place += 1;
    before = text;
    facts.keys.place = { kind, round: lastRound, place };
  }
}
