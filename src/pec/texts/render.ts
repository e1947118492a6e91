import type { Wording } from '../facts.ts';
import type { TextModel, TextName, TextSet, TextValues } from './model.ts';
import { textsV1 } from './v1.ts';

/**
 * The readable part of a PEC message (RFC 6109 §4.3.1): Italian, a rule, English; once as plain text and once
 * as HTML with the same facts and nothing active or linked. Values are data here, never markup or templates:
 * no subject can forge a line.
 */
const textSets: readonly TextSet[] = [textsV1];

/** The version a new message is written with. */
export const textsVersion = 1;

/**
 * The texts of a version; the newest when none is named.
 * @throws {RangeError} for a version that does not exist.
 */
export function findTexts(version: number = textsVersion): TextSet {
  const found = textSets.find((set) => set.version === version);
  if (found === undefined) throw new RangeError(`no texts version ${version}`);
  return found;
}

export interface ReadableText {
  /** Characters of ISO-8859-1 only, lines ended by CRLF. */
  readonly plain: string;
  /** ASCII with entities, lines ended by CRLF. */
  readonly html: string;
}

const rule = '-'.repeat(89);

/** Both forms of one text. */
export function renderText(set: TextSet, name: TextName, values: TextValues): ReadableText {
  const { italian, english } = set.texts[name];
  const plain = [
    ...writePlain(set, italian, values, 'italian'),
    '',
    rule,
    '',
    ...writePlain(set, english, values, 'english'),
  ];
  const html = [
    '<html>',
    `<head><title>${escapeHtml(italian.title)}</title></head>`,
    '<body>',
    ...writeHtml(set, italian, values, 'italian'),
    '<br>',
    '<hr>',
    ...writeHtml(set, english, values, 'english'),
    '</body>',
    '</html>',
  ];
  return { plain: `${plain.join('\r\n')}\r\n`, html: `${html.join('\r\n')}\r\n` };
}

type Language = keyof Wording;

function writePlain(set: TextSet, model: TextModel, values: TextValues, language: Language): string[] {
  const lines = [`-- ${model.title} --`, ''];
  for (const line of model.lines) {
    if (line === '{recipients}')
      lines.push(...listRecipients(set, values, language).map((one) => `- ${one}`));
    else if (line === '{warnings}') lines.push(...listWarnings(set, values, language));
    else lines.push(fill(line, values, language));
  }
  return lines.map((line) => set.writeLatin1(line));
}

function writeHtml(set: TextSet, model: TextModel, values: TextValues, language: Language): string[] {
  const lines = [`<h3>${escapeHtml(model.title)}</h3>`];
  for (const line of model.lines) {
    if (line === '{recipients}') {
      const items = listRecipients(set, values, language).map((one) => `    <li>${escapeHtml(one)}</li>`);
      lines.push('<ul>', ...items, '</ul>');
    } else if (line === '{warnings}') {
      lines.push(...listWarnings(set, values, language).map((one) => `<b>${escapeHtml(one)}</b><br>`));
    } else lines.push(`${escapeHtml(fill(line, values, language))}<br>`);
  }
  return lines;
}

function listRecipients(set: TextSet, { recipients = [] }: TextValues, language: Language): string[] {
  return recipients.map(({ address, certified }) => {
    if (certified === undefined) return address;
    return `${address} ("${(certified ? set.certified : set.ordinary)[language]}")`;
  });
}

function listWarnings(set: TextSet, { warnings = [] }: TextValues, language: Language): string[] {
  return warnings.map((warning) => `${set.warning[language]}${warning[language]}`);
}

/** Only the template is searched for names: a value that looks like one stays as it is. */
function fill(line: string, values: TextValues, language: Language): string {
  return line.replace(/\{([a-z]+)\}/g, (_, name: string) => {
    if (name === 'reason') return values.reason?.[language] ?? '';
    const value = (values as unknown as Record<string, unknown>)[name];
    return typeof value === 'string' ? value : '';
  });
}

/** The vowels of Italian by name, as HTML by hand has them and as other providers write them. */
const namedEntities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  à: '&agrave;',
  è: '&egrave;',
  é: '&eacute;',
  ì: '&igrave;',
  ò: '&ograve;',
  ù: '&ugrave;',
  È: '&Egrave;',
};

/** Format characters that reorder what stands around them, and line ends: a subject stays where it is put. */
const reordering = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** `text` as ASCII HTML content (never an attribute): nothing in it is markup. */
function escapeHtml(text: string): string {
  return text
    .replace(reordering, '')
    .replace(controls, ' ')
    .replace(/[&<>"]|[^\x20-\x7e]/gu, (character) => {
      const code = character.codePointAt(0) ?? 0;
      // A lone surrogate is no character.
      const isSurrogate = code >= 0xd800 && code <= 0xdfff;
      return namedEntities[character] ?? `&#${isSurrogate ? 0xfffd : code};`;
    });
}
