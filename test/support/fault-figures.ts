/**
 * What came of each fault that the real provider was put through, counted: one line for the terminal and, with
 * `npm run test:interop -- fault --write`, one row in docs/reliability.md.
 */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { replaceSection } from '../../bench/performance-page.ts';

export interface FaultFigures {
  /** Messages begun, answered or not. */
  readonly sent: number;
  /** Answered 250. */
  readonly taken: number;
  /** In the mailboxes at the end; those whose answer was lost may be among them. */
  readonly found: number;
  /** Answered 250 and not found. */
  readonly lost: number;
  /** How often the provider was killed. */
  readonly kills?: number;
}

/** Names the file in which the rows are gathered, one JSON object a line: tests run in processes of their own. */
export const figuresVariable = 'FAULT_FIGURES';

/** Tells the figures of the test. */
export function noteFault(t: TestContext, { sent, taken, found, lost, kills = 0 }: FaultFigures): void {
  t.diagnostic(`sent ${sent}, answered 250: ${taken}, killed ${kills} times, found ${found}, lost ${lost}`);
  const file = process.env[figuresVariable];
  if (file === undefined) return;
  appendFileSync(file, `${JSON.stringify({ name: t.name, sent, taken, kills, found, lost })}\n`);
}

type Row = Required<FaultFigures> & { readonly name: string };

const page = join(import.meta.dirname, '../../docs/reliability.md');

/** Puts the gathered rows into their place in docs/reliability.md. */
export function writeFaultFigures(file: string): void {
  const rows = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row)
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  const count = (number: number) => number.toLocaleString('en');
  const lines = rows.map(({ name, sent, taken, kills, found, lost }) => {
    const cells = [name, ...[kills, sent, taken, found, lost].map(count)];
    return `| ${cells.join(' | ')} |`;
  });
  const markdown = [
    '`npm run test:interop -- fault --write`',
    '',
    '| what befell it | killed | messages sent | answered 250 | found in the mailboxes | lost |',
    '|---|---:|---:|---:|---:|---:|',
    ...lines,
  ].join('\n');
  writeFileSync(page, replaceSection(readFileSync(page, 'utf8'), 'faults', markdown));
}
