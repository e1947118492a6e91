/**
 * Texts made comparable: upper case and decomposed (after i;unicode-casemap, RFC 5051), so that `PERCHÉ`
 * finds `perché` and, as a part of it, `perche` finds both.
 */
import { isAsciiText } from './bytes.ts';

export function foldText(text: string): string {
  return isAsciiText(text) ? text.toUpperCase() : text.normalize('NFKD').toUpperCase();
}
