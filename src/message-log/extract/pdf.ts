/**
 * An extract as a PDF in Italian, to be read and printed: A4, each page with the provider, its number and how many
 * there are; each entry a block of lines. Characters that Latin-1 lacks are written as in the receipts' readable
 * text; the JSON extract has them exactly.
 */
import { monoAdvance, type PdfText, pageHeight, pageWidth, writePdf } from '../../lib/pdf.ts';
import type { Instant } from '../../lib/time.ts';
import { localTime } from '../../mime/date.ts';
import { writeLatin1 } from '../../pec/texts/latin1-v1.ts';
import type { ExtractEntry } from './entry.ts';
import { describeSearch, type ExtractFrame, type WriteExtract, writeLegalTime } from './frame.ts';

const left = 40;
const textSize = 8;
const lineHeight = 10.5;
const top = pageHeight - 70;
const bottom = 50;
const linesPerPage = Math.floor((top - bottom) / lineHeight);
/** Characters in a line between the margins. */
const lineLength = Math.floor((pageWidth - 2 * left) / (textSize * monoAdvance));
const labelLength = 20;
/** Of one character of the lines. */
const advance = textSize * monoAdvance;
/** Where a page's number ends and the number of all pages begins. */
const numberEnd = left + 11 * advance;
const title = 'Estratto del log dei messaggi di posta elettronica certificata';

export const writeExtractPdf: WriteExtract = async function* (frame, entries) {
  yield* writePdf(
    {
      title,
      author: writeLatin1(frame.provider),
      created: writePdfDate(frame.at),
      language: 'it-IT',
      total: { text: 'di {pages}', font: 'mono', size: textSize, x: numberEnd + advance, y: 28 },
    },
    layPages(frame, entries),
  );
};

/** Entries into pages: one is kept whole where it fits a page. */
async function* layPages(
  frame: ExtractFrame,
  entries: AsyncIterable<ExtractEntry>,
): AsyncGenerator<readonly PdfText[]> {
  let page = 1;
  const lines: string[] = layHead(frame);
  const end = (): PdfText[] => drawPage(frame, page++, lines.splice(0));
  let count = 0;
  for await (const entry of entries) {
    count++;
    const block = layEntry(entry);
    if (lines.length > 0 && lines.length + block.length > linesPerPage) yield end();
    for (const line of block) {
      if (lines.length === linesPerPage) yield end();
      lines.push(line);
    }
  }
  const closing = count === 0 ? 'Nessuna registrazione.' : `Fine dell'estratto. Registrazioni: ${count}.`;
  if (lines.length + 1 > linesPerPage) yield end();
  lines.push(closing);
  yield end();
}

function drawPage(frame: ExtractFrame, page: number, lines: readonly string[]): PdfText[] {
  const number = `Pagina ${page}`;
  const small = { font: 'regular', size: textSize, x: left } as const;
  return [
    { text: title, font: 'bold', size: 11, x: left, y: pageHeight - 40 },
    { ...small, text: writeLatin1(`Gestore: ${frame.provider}`), y: pageHeight - 53 },
    { ...small, text: number, font: 'mono', x: round(numberEnd - number.length * advance), y: 28 },
    {
      ...small,
      text: `Redatto il ${writeLegalTime(frame.at)}, ora legale italiana`,
      x: 340,
      y: 28,
    },
    ...lines.map((text, index) => ({
      text,
      font: 'mono' as const,
      size: textSize,
      x: left,
      y: round(top - index * lineHeight),
    })),
  ];
}

function round(points: number): number {
  return Math.round(points * 100) / 100;
}

function layHead({ search }: ExtractFrame): string[] {
  const asked = describeSearch(search);
  const scope = asked.length === 0 ? [['registrazioni', 'tutte'] as const] : asked;
  return [
    "Registrazioni conservate ai sensi dell'art. 11 del DPR 68/2005 e delle regole tecniche (RFC 6109, 2.3).",
    'Date e ore sono in ora legale italiana.',
    '',
    'Ambito della ricerca:',
    ...scope.flatMap(([name, value]) => layField(name, value)),
    '',
  ];
}

function layEntry(entry: ExtractEntry): string[] {
  const { registrazione, data, ora, zona, evento, riguarda, messaggiGenerati } = entry;
  const recipients = entry.destinatari.map(({ indirizzo, tipo }) => `${indirizzo} (${tipo})`);
  const generated = messaggiGenerati.map(({ tipo, messageId }) => `${tipo} ${messageId}`);
  return [
    ...wrap(`${data} ${ora} (${zona})  ${evento.toUpperCase()}`, lineLength),
    ...layField('registrazione', registrazione),
    ...layField('riguarda', ...riguarda),
    ...layField('identificativo', entry.identificativo),
    ...layField('msgid', entry.msgid),
    ...layField('mittente', entry.mittente),
    ...layField('destinatari', ...recipients),
    ...layField('oggetto', entry.oggetto),
    ...layField('messaggi generati', ...generated),
    ...layField('gestore mittente', entry.gestoreMittente),
    '',
  ];
}

/** The name once, each value on lines of its own; nothing for values that are empty. */
function layField(name: string, ...values: readonly string[]): string[] {
  const lines = values
    .filter((value) => value !== '')
    .flatMap((value) => wrap(value, lineLength - labelLength));
  return lines.map((line, index) => `${(index === 0 ? `  ${name}` : '').padEnd(labelLength)}${line}`);
}

/** Broken at blanks where there are any, inside a word where not; addresses and identifiers stay complete. */
function wrap(value: string, width: number): string[] {
  const lines: string[] = [];
  let rest = writeLatin1(value).trimEnd();
  while (rest.length > width) {
    const blank = rest.lastIndexOf(' ', width);
    const cut = blank > width / 2 ? blank : width;
    lines.push(rest.slice(0, cut));
    rest = rest.slice(cut).trimStart();
  }
  return [...lines, rest];
}

/** ISO 32000-1 §7.9.4. */
function writePdfDate(at: Instant): string {
  const { year, month, day, hour, minute, second, offsetMinutes } = localTime(at);
  const two = (value: number) => String(value).padStart(2, '0');
  const zone = `+${two(Math.floor(offsetMinutes / 60))}'${two(offsetMinutes % 60)}'`;
  return `${year}${[month, day, hour, minute, second].map(two).join('')}${zone}`;
}
