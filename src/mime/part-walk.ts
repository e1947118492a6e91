/**
 * Orders in which the parts of a tree are looked at. The scanner bounds the depth, so recursion is safe.
 */
import type { MessagePart } from './message-part.ts';

/**
 * The part itself and all below it, outer before inner, in message order, enclosed messages included.
 * For rules about every attachment; what makes a PEC is found among direct children only, never by this walk.
 */
export function* walkParts(part: MessagePart): Generator<MessagePart, void, undefined> {
  yield part;
  for (const child of part.children) yield* walkParts(child);
  if (part.message !== undefined) yield* walkParts(part.message);
}

/** True when a limit of the scanner kept it from seeing all parts. */
export function isTruncated(part: MessagePart): boolean {
  for (const each of walkParts(part)) if (each.truncated) return true;
  return false;
}
