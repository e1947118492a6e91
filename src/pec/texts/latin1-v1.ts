/**
 * Any text in ISO-8859-1, version 1. FROZEN together with the texts of version 1.
 * Nothing becomes `?`: letters lose a mark or are transliterated, what has no Latin form is named by its code
 * point, `[U+1F600]`. The exact text stands in daticert.xml. Only tables and properties that Unicode promises
 * never to change are used, so that a newer runtime writes the same bytes.
 */

/** Base letter and combining mark that make one Latin-1 letter: `e` and U+0300 make `è`. */
const composed = new Map<string, string>();
for (let code = 0xc0; code <= 0xff; code++) {
  const letter = String.fromCharCode(code);
  const parts = letter.normalize('NFD');
  if (parts.length === 2) composed.set(parts, letter);
}

// biome-ignore format: a table
const singles: ReadonlyMap<string, string> = new Map(
  Object.entries({
    // Punctuation and signs.
    '‐': '-', '‑': '-', '‒': '-', '–': '-', '—': '-', '―': '-', '−': '-',
    '‘': "'", '’': "'", '‚': "'", '‛': "'", '′': "'", 'ʹ': "'", 'ʼ': "'",
    '“': '"', '”': '"', '„': '"', '‟': '"', '″': '"',
    '‹': '<', '›': '>', '…': '...', '•': '*', '‣': '*', '●': '*', '·': '·',
    '€': 'EUR', '₤': 'Lit.', '₿': 'BTC', '™': '(TM)', '℠': '(SM)', '℗': '(P)', '№': 'N.', '℅': 'c/o',
    '‰': ' per mille', '⁄': '/', '∕': '/', '≤': '<=', '≥': '>=', '≠': '=/=', '≈': '~', '→': '->', '←': '<-',
    '⇒': '=>', '✓': 'v', '✔': 'v', '✗': 'x', '✘': 'x', '⅓': '1/3', '⅔': '2/3', '⅛': '1/8',
    // Latin letters without a decomposition.
    'Đ': 'D', 'đ': 'd', 'Ħ': 'H', 'ħ': 'h', 'ı': 'i', 'ĸ': 'k', 'Ł': 'L', 'ł': 'l', 'ŉ': "'n", 'Ŋ': 'N',
    'ŋ': 'n', 'Œ': 'OE', 'œ': 'oe', 'Ŧ': 'T', 'ŧ': 't', 'ƒ': 'f', 'Ə': 'E', 'ə': 'e', 'ẞ': 'SS',
    // Greek (ISO 843).
    'Α': 'A', 'Β': 'V', 'Γ': 'G', 'Δ': 'D', 'Ε': 'E', 'Ζ': 'Z', 'Η': 'I', 'Θ': 'TH', 'Ι': 'I', 'Κ': 'K',
    'Λ': 'L', 'Μ': 'M', 'Ν': 'N', 'Ξ': 'X', 'Ο': 'O', 'Π': 'P', 'Ρ': 'R', 'Σ': 'S', 'Τ': 'T', 'Υ': 'Y',
    'Φ': 'F', 'Χ': 'CH', 'Ψ': 'PS', 'Ω': 'O',
    'α': 'a', 'β': 'v', 'γ': 'g', 'δ': 'd', 'ε': 'e', 'ζ': 'z', 'η': 'i', 'θ': 'th', 'ι': 'i', 'κ': 'k',
    'λ': 'l', 'μ': 'm', 'ν': 'n', 'ξ': 'x', 'ο': 'o', 'π': 'p', 'ρ': 'r', 'σ': 's', 'ς': 's', 'τ': 't',
    'υ': 'y', 'φ': 'f', 'χ': 'ch', 'ψ': 'ps', 'ω': 'o',
    'Ά': 'A', 'Έ': 'E', 'Ή': 'I', 'Ί': 'I', 'Ό': 'O', 'Ύ': 'Y', 'Ώ': 'O', 'Ϊ': 'I', 'Ϋ': 'Y', 'ά': 'a',
    'έ': 'e', 'ή': 'i', 'ί': 'i', 'ό': 'o', 'ύ': 'y', 'ώ': 'o', 'ϊ': 'i', 'ϋ': 'y', 'ΐ': 'i', 'ΰ': 'y',
    // Cyrillic (as passports write it).
    'А': 'A', 'Б': 'B', 'В': 'V', 'Г': 'G', 'Д': 'D', 'Е': 'E', 'Ё': 'E', 'Ж': 'ZH', 'З': 'Z', 'И': 'I',
    'Й': 'I', 'К': 'K', 'Л': 'L', 'М': 'M', 'Н': 'N', 'О': 'O', 'П': 'P', 'Р': 'R', 'С': 'S', 'Т': 'T',
    'У': 'U', 'Ф': 'F', 'Х': 'KH', 'Ц': 'TS', 'Ч': 'CH', 'Ш': 'SH', 'Щ': 'SHCH', 'Ъ': 'IE', 'Ы': 'Y', 'Ь': '',
    'Э': 'E', 'Ю': 'IU', 'Я': 'IA', 'Є': 'IE', 'І': 'I', 'Ї': 'I', 'Ґ': 'G', 'Ђ': 'DJ', 'Ј': 'J', 'Љ': 'LJ',
    'Њ': 'NJ', 'Ћ': 'C', 'Џ': 'DZ',
    'а': 'a', 'б': 'b', 'в': 'v', 'г': 'g', 'д': 'd', 'е': 'e', 'ё': 'e', 'ж': 'zh', 'з': 'z', 'и': 'i',
    'й': 'i', 'к': 'k', 'л': 'l', 'м': 'm', 'н': 'n', 'о': 'o', 'п': 'p', 'р': 'r', 'с': 's', 'т': 't',
    'у': 'u', 'ф': 'f', 'х': 'kh', 'ц': 'ts', 'ч': 'ch', 'ш': 'sh', 'щ': 'shch', 'ъ': 'ie', 'ы': 'y', 'ь': '',
    'э': 'e', 'ю': 'iu', 'я': 'ia', 'є': 'ie', 'і': 'i', 'ї': 'i', 'ґ': 'g', 'ђ': 'dj', 'ј': 'j', 'љ': 'lj',
    'њ': 'nj', 'ћ': 'c', 'џ': 'dz',
  }),
);

/** Marks and format characters with nothing to see; bidirectional controls would let a subject reorder a line. */
const invisible =
  /^(?:[\u0300-\u036f]|[\u061c\ufeff]|[\u200b-\u200f]|[\u202a-\u202e]|[\u2060-\u206f]|[\ufe00-\ufe0f]|[\u{e0000}-\u{e01ef}])$/u;

/** Blocks that are wholly assigned, so that their decompositions are settled for ever. */
const latinExtended = /^[\u0100-\u024f\u1e00-\u1eff]$/;
const otherSpaces = /^[\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/;

/** `text` in characters of ISO-8859-1 only; controls and line ends become spaces, so that it stays one line. */
export function writeLatin1(text: string): string {
  // Nearly all text is of this kind: nothing to do.
  if (/^[\x20-\x7e\xa0-\xff]*$/.test(text)) return text;
  const out: string[] = [];
  let unnamed: string[] = [];
  const flush = () => {
    if (unnamed.length > 0) out.push(`[${unnamed.join(' ')}]`);
    unnamed = [];
  };
  for (const character of compose(text)) {
    const written = writeCharacter(character);
    if (written === undefined) unnamed.push(codePointName(character));
    else if (written !== '' || unnamed.length === 0) {
      flush();
      out.push(written);
    }
  }
  flush();
  return out.join('');
}

/** A letter and its mark written as two characters, as some systems do, made the one Latin-1 letter. */
function compose(text: string): string {
  return text.replace(/[A-Za-z][\u0300-\u036f]/g, (pair) => composed.get(pair) ?? pair);
}

/** Undefined when there is no Latin way to write it. */
function writeCharacter(character: string): string | undefined {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return ' ';
  if (code <= 0xff) return character;
  if (invisible.test(character)) return '';
  if (otherSpaces.test(character)) return ' ';
  const single = singles.get(character);
  if (single !== undefined) return single;
  // Full-width forms of ASCII.
  if (code >= 0xff01 && code <= 0xff5e) return String.fromCharCode(code - 0xfee0);
  if (!latinExtended.test(character)) return undefined;
  const base = character.normalize('NFKD').replace(/[^\x20-\x7e]/g, '');
  return base === '' ? undefined : base;
}

function codePointName(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
