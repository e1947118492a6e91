/**
 * An extract as CSV (RFC 4180) for the spreadsheet programs of Italian offices: UTF-8 with its mark, semicolons,
 * every field quoted. A value that a spreadsheet would run as a formula is preceded by an apostrophe.
 */
import { fromUtf8 } from '../../lib/bytes.ts';
import type { ExtractEntry } from './entry.ts';
import type { WriteExtract } from './frame.ts';

const columns: readonly (readonly [head: string, value: (entry: ExtractEntry) => string])[] = [
  ['registrazione', (entry) => entry.registrazione],
  ['data', (entry) => entry.data],
  ['ora', (entry) => entry.ora],
  // A bare +0100 would be a number to a spreadsheet.
  ['zona', (entry) => `UTC${entry.zona}`],
  ['evento', (entry) => entry.evento],
  ['riguarda', (entry) => entry.riguarda.join(', ')],
  ['identificativo', (entry) => entry.identificativo],
  ['msgid', (entry) => entry.msgid],
  ['mittente', (entry) => entry.mittente],
  ['destinatari', (entry) => entry.destinatari.map((one) => `${one.indirizzo} (${one.tipo})`).join(', ')],
  ['oggetto', (entry) => entry.oggetto],
  [
    'messaggi generati',
    (entry) => entry.messaggiGenerati.map((one) => `${one.tipo} ${one.messageId}`).join(', '),
  ],
  ['gestore mittente', (entry) => entry.gestoreMittente],
];

export const writeCsv: WriteExtract = async function* (_frame, entries) {
  yield fromUtf8(`\ufeff${writeLine(columns.map(([head]) => head))}`);
  for await (const entry of entries) yield fromUtf8(writeLine(columns.map(([, value]) => value(entry))));
};

function writeLine(values: readonly string[]): string {
  return `${values.map(writeField).join(';')}\r\n`;
}

function writeField(value: string): string {
  // A line end or NUL in a subject: no program agrees with another on it inside a field.
  const line = value.replace(/\p{Cc}/gu, ' ');
  const inert = /^\s*[=+\-@]/.test(line) ? `'${line}` : line;
  return `"${inert.replaceAll('"', '""')}"`;
}
