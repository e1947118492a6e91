/**
 * SASLprep (RFC 4013): what makes two writings of a name or password the same. Pure ASCII text comes back as it
 * is. Unassigned code points are let through, as for queries.
 */

/** RFC 3454 C.1.2: spaces other than the ASCII one. */
const otherSpaces = /[\u00A0\u1680\u2000-\u200B\u202F\u205F\u3000]/gu;
/** RFC 3454 B.1: commonly mapped to nothing. */
const mappedToNothing =
  /(?:\u00AD|\u034F|\u1806|[\u180B-\u180D]|[\u200C\u200D]|\u2060|[\uFE00-\uFE0F]|\uFEFF)/gu;
/** RFC 4013 §2.3: control, private use, non-character, surrogate, tagging and display-changing code points. */
const prohibited =
  /[\p{Cc}\p{Co}\p{Cs}\p{Noncharacter_Code_Point}\u06DD\u070F\u180E\u2028\u2029\u2061-\u2063\u206A-\u206F\uFFF9-\uFFFD\u2FF0-\u2FFB\u200E\u200F\u202A-\u202E\u{1D173}-\u{1D17A}\u{E0001}\u{E0020}-\u{E007F}]|\u0340|\u0341/u;
/** RFC 3454 D.1, near enough: scripts written from right to left. */
const rightToLeft = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}]/u;

/** The prepared text, or undefined when it has a character that is not allowed. */
export function prepareText(text: string): string | undefined {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  const prepared = text.replace(otherSpaces, ' ').replace(mappedToNothing, '').normalize('NFKC');
  if (prohibited.test(prepared) || mixesDirections(prepared)) return undefined;
  return prepared;
}

/** RFC 3454 §6: text with a right-to-left character begins and ends with one, and has no Latin letter. */
function mixesDirections(text: string): boolean {
  if (!rightToLeft.test(text)) return false;
  const characters = [...text];
  const ends = [characters[0] ?? '', characters.at(-1) ?? ''];
  return (
    /[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}]/u.test(text) ||
    !ends.every((end) => rightToLeft.test(end))
  );
}
