/**
 * Unicode text for parts whose charset is ISO-8859-1, as the readable parts of PEC messages are (pec-wire §2).
 * Nothing turns into a question mark: what Latin-1 lacks is transliterated or named.
 */

/** What has a usual spelling in Latin-1. */
const SPELLINGS: Readonly<Record<string, string>> = {
  '€': 'EUR',
  '‘': "'",
  '’': "'",
  '‚': ',',
  '‛': "'",
  '“': '"',
  '”': '"',
  '„': '"',
  '‐': '-',
  '‑': '-',
  '‒': '-',
  '–': '-',
  '—': '-',
  '―': '-',
  '−': '-',
  '…': '...',
  '•': '-',
  '‹': '<',
  '›': '>',
  '™': '(TM)',
  Œ: 'OE',
  œ: 'oe',
  Š: 'S',
  š: 's',
  Ž: 'Z',
  ž: 'z',
  Ł: 'L',
  ł: 'l',
  Đ: 'D',
  đ: 'd',
  ı: 'i',
  '\u2028': '\n',
  '\u2029': '\n',
  '\ufeff': '',
  '\u200b': '',
  '\u200c': '',
  '\u200d': '',
};

/**
 * Text that ISO-8859-1 can hold, one byte a character: accents it lacks are dropped (`ő` → `o`), usual signs
 * spelled out (`€` → `EUR`), anything else named by its code point (`中` → `[U+4E2D]`).
 */
export function transliterateToLatin1(text: string): string {
  let out = '';
  for (const character of text.toWellFormed())
    out += fitsLatin1(character) ? character : transliterate(character);
  return out;
}

function fitsLatin1(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  // The C1 controls are holes: readers take them for windows-1252 letters.
  return code < 0x80 || (code >= 0xa0 && code <= 0xff);
}

function transliterate(character: string): string {
  const spelled = SPELLINGS[character];
  if (spelled !== undefined) return spelled;
  const plain = [...character.normalize('NFKD').replace(/\p{M}+/gu, '')];
  if (plain.length > 0 && plain.every(fitsLatin1)) return plain.join('');
  return `[U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`;
}

const MARKUP: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as HTML character data in ASCII: markup escaped, everything beyond ASCII as numeric references. */
export function escapeHtml(text: string): string {
  let out = '';
  for (const character of text.toWellFormed()) {
    const code = character.codePointAt(0) ?? 0;
    out += MARKUP[character] ?? (code > 0x7e ? `&#${code};` : character);
  }
  return out;
}
