/** The languages of what a person may come to read (LANG, RFC 6856 §3). Until LANG, texts are English in ASCII. */
export interface Text {
  readonly en: string;
  readonly it: string;
}

export type Language = keyof Text;

export const languages: readonly { readonly tag: Language; readonly name: string }[] = [
  { tag: 'en', name: 'English' },
  { tag: 'it', name: 'Italiano' },
];

/** For `LANG *`: most users of PEC are at home in it. */
export const preferredLanguage: Language = 'it';

/** The language for a basic language range (RFC 4647 §3.3.1, with lookup: `it-IT` finds `it`). */
export function chooseLanguage(range: string): Language | undefined {
  if (range === '*') return preferredLanguage;
  const primary = range.toLowerCase().split('-')[0];
  if (range.toLowerCase() === 'i-default') return 'en';
  return languages.find(({ tag }) => tag === primary)?.tag;
}
