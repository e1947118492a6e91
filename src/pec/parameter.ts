/**
 * One parameter of a Content-Type or Content-Disposition field, with any text as value (RFC 2045 §5.1,
 * RFC 2231 §3, §4).
 */
const longestPiece = 56;

/** `;`, a fold and the parameter; long or non-ASCII values in the numbered pieces of RFC 2231. */
export function writeParameter(name: string, value: string): string {
  const clean = value.toWellFormed().replace(/[\0-\x1f\x7f]/g, '');
  if (/^[\x20-\x7e]*$/.test(clean) && clean.length <= longestPiece) {
    return `;\r\n ${name}="${clean.replace(/["\\]/g, '\\$&')}"`;
  }
  const pieces = splitEncoded(clean);
  const [only] = pieces;
  if (pieces.length === 1) return `;\r\n ${name}*=utf-8''${only}`;
  return pieces
    .map((piece, index) => `;\r\n ${name}*${index}*=${index === 0 ? "utf-8''" : ''}${piece}`)
    .join('');
}

/** Percent-encoded UTF-8 in pieces of whole characters. */
function splitEncoded(text: string): string[] {
  const pieces: string[] = [];
  let piece = '';
  for (const character of text) {
    const encoded = encodeCharacter(character);
    if (piece.length + encoded.length > longestPiece) {
      pieces.push(piece);
      piece = '';
    }
    piece += encoded;
  }
  return [...pieces, piece];
}

/** RFC 2231 §7, attribute-char: stays as it is. */
function encodeCharacter(character: string): string {
  if (/^[A-Za-z0-9!#$&+.^_`{|}~-]$/.test(character)) return character;
  return [...Buffer.from(character, 'utf8')]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}
