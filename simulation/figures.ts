/** What many runs come to: for the terminal and for docs/reliability.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { replaceSection } from '../bench/performance-page.ts';
import { anyMinutes, type Options } from './options.ts';
import type { Run, RunFigures } from './simulate.ts';

export interface Totals {
  seeds: number;
  readonly figures: { -readonly [K in keyof RunFigures]: number };
  readonly struck: Map<string, number>;
  broken: number;
  /** Of the processes that ran them, also in earlier parts of the run. */
  cpuSeconds: number;
  /** Since the beginning, real time. */
  readonly seconds: () => number;
}

export function emptyTotals(): Totals {
  const began = performance.now();
  const figures = {
    events: 0,
    submitted: 0,
    messages: 0,
    arrivals: 0,
    issued: 0,
    deliveries: 0,
    logEntries: 0,
    seals: 0,
    receiptsReproduced: 0,
    lost: 0,
    hours: 0,
  };
  return {
    seeds: 0,
    figures,
    struck: new Map(),
    broken: 0,
    cpuSeconds: 0,
    seconds: () => (performance.now() - began) / 1000,
  };
}

export function addRun(totals: Totals, { figures, struck, breaches }: Run, cpuSeconds: number): void {
  totals.seeds += 1;
  totals.cpuSeconds += cpuSeconds;
  if (breaches.length > 0) totals.broken += 1;
  for (const name of Object.keys(totals.figures) as (keyof RunFigures)[])
    totals.figures[name] += figures[name];
  for (const [what, times] of struck) totals.struck.set(what, (totals.struck.get(what) ?? 0) + times);
}

export function describeTotals(totals: Totals): string {
  const { seeds, figures, broken, seconds } = totals;
  const lines = [
    `seeds ${seeds}, of them broken ${broken}, in ${seconds().toFixed(1)} s; processors ${totals.cpuSeconds.toFixed(0)} s`,
    ...listFigures(totals).map(([what, count]) => `${what.padEnd(44)} ${count}`),
    `faults that struck: ${sum(totals.struck)}`,
    ...sortStruck(totals).map(([what, count]) => `  ${what.padEnd(42)} ${format(count)}`),
  ];
  return figures.events === 0 ? 'nothing was run' : lines.join('\n');
}

function listFigures({ figures }: Totals): [string, string][] {
  return [
    ['messages submitted', format(figures.submitted)],
    ['of them answered 250', format(figures.messages)],
    ['messages issued by providers', format(figures.issued)],
    ['messages that arrived over the wire', format(figures.arrivals)],
    ['deliveries', format(figures.deliveries)],
    ['log entries', format(figures.logEntries)],
    ['days of logs sealed', format(figures.seals)],
    ['receipts written again from the log', format(figures.receiptsReproduced)],
    ['simulated hours', format(figures.hours)],
    ['events', format(figures.events)],
  ];
}

function describeHours(seconds: number): string {
  return seconds < 7200 ? `${Math.round(seconds / 60)} minutes` : `${(seconds / 3600).toFixed(1)} hours`;
}

function sortStruck({ struck }: Totals): [string, number][] {
  return [...struck].sort(([one], [other]) => (one < other ? -1 : 1));
}

function sum(counts: ReadonlyMap<string, number>): string {
  return format([...counts.values()].reduce((total, count) => total + count, 0));
}

function format(count: number): string {
  return count.toLocaleString('en');
}

const page = join(import.meta.dirname, '../docs/reliability.md');

/** Puts the figures into their place in docs/reliability.md. */
export function writeFigures(totals: Totals, { seed, seeds, size, minutes }: Options): void {
  const place = seeds * size.messages >= 100_000 ? 'simulation-long' : 'simulation-seeds';
  const limit = minutes === anyMinutes ? '' : ` --minutes ${minutes}`;
  const command = `npm run simulate -- --seed ${seed} --seeds ${seeds} --messages ${size.messages} --providers ${size.providers}${limit}`;
  const rows = [
    ['seeds run', format(totals.seeds)],
    ['seeds that broke', format(totals.broken)],
    ...listFigures(totals),
    ['faults that struck', sum(totals.struck)],
    ['processor time', `${describeHours(totals.cpuSeconds)} on ${cpus()[0]?.model ?? 'this machine'}`],
  ];
  const faults = sortStruck(totals).map(([what, count]) => `| ${what} | ${format(count)} |`);
  const markdown = [
    `\`${command}\``,
    '',
    '| | |',
    '|---|---:|',
    ...rows.map(([what, value]) => `| ${what} | ${value} |`),
    '',
    '| fault | times |',
    '|---|---:|',
    ...faults,
  ].join('\n');
  writeFileSync(page, replaceSection(readFileSync(page, 'utf8'), place, markdown));
}
