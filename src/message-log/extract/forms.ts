/** The forms an extract comes in, by the name that people ask for them by. */
import { writeCsv } from './csv.ts';
import type { WriteExtract } from './frame.ts';
import { writeJson } from './json.ts';
import { writeExtractPdf } from './pdf.ts';

export const extractForms: Readonly<Record<'csv' | 'json' | 'pdf', WriteExtract>> = {
  csv: writeCsv,
  json: writeJson,
  pdf: writeExtractPdf,
};
