/** What was measured, as lines to print and as Markdown for docs/performance.md. */
import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import type { Latency } from './measure/latency.ts';
import type { MemoryResult } from './measure/memory.ts';
import type { StorageResult } from './measure/storage.ts';
import type { LaneResult } from './measure/throughput.ts';
import { describeStorage, renderStorage } from './report-storage.ts';
import { formatMegabytes, formatNumber, formatSeries } from './statistics.ts';

export interface Comparison {
  readonly title: string;
  /** Plain mail, when there is one to compare with. */
  readonly plain: LaneResult | undefined;
  readonly certified: readonly LaneResult[];
}

export interface Measured {
  readonly comparisons: readonly Comparison[];
  /** RSA-2048 signatures per second of the whole machine. */
  readonly signatures: number;
  readonly latencies: readonly Latency[];
  readonly storage: StorageResult | undefined;
  readonly memory: (MemoryResult & { readonly atPeak: number }) | undefined;
}

/** The figure everything is about. */
export function mainRatio({ comparisons }: Measured): number {
  const [first] = comparisons;
  return (first?.certified[0]?.rate.median ?? 0) / (first?.plain?.rate.median ?? Number.NaN);
}

export function renderText(measured: Measured): string {
  const lines = [`ratio certified/plain: ${mainRatio(measured).toFixed(2)}`, ''];
  for (const comparison of measured.comparisons) lines.push(...describeComparison(comparison), '');
  lines.push(describeCeiling(measured), '', ...describeRest(measured));
  return lines.join('\n');
}

function describeComparison({ title, plain, certified }: Comparison): string[] {
  const describe = (lane: LaneResult, ratio = '') =>
    `  ${lane.name.padEnd(34)} ${formatSeries(lane.rate).padStart(14)} messages/s${ratio}  (generator ${lane.ownCpuMs.toFixed(2)} ms each)`;
  return [
    title,
    ...(plain === undefined ? [] : [describe(plain)]),
    ...certified.map((lane) => describe(lane, ratioOf(lane, plain))),
  ];
}

function ratioOf(lane: LaneResult, plain: LaneResult | undefined): string {
  return plain === undefined ? '' : `  ratio ${(lane.rate.median / plain.rate.median).toFixed(2)}`;
}

function describeCeiling({ signatures, comparisons }: Measured): string {
  const reached = comparisons[0]?.certified[0]?.rate.median ?? 0;
  const ceiling = signatures / 3;
  return (
    `Ceiling: ${formatNumber(signatures)} RSA-2048 signatures/s (openssl speed -multi), a third of that is ` +
    `${formatNumber(ceiling)} messages/s; ${((reached / ceiling) * 100).toFixed(0)} % of it is reached.`
  );
}

function describeRest({ latencies, storage, memory }: Measured): string[] {
  const lines = latencies.map(
    ({ name, rate, answer, receipt }) =>
      `Latency of ${name} at ${formatNumber(rate)} messages/s (p50 / p99): 250 after ` +
      `${answer.p50.toFixed(1)} / ${answer.p99.toFixed(1)} ms` +
      (receipt === undefined
        ? ''
        : `, delivery receipt after ${receipt.p50.toFixed(1)} / ${receipt.p99.toFixed(1)} ms`),
  );
  if (storage !== undefined) lines.push(...describeStorage(storage));
  if (memory !== undefined) {
    const { idle, atPeak, beforeLarge, whileLarge } = memory;
    lines.push(
      `Memory (resident): ${formatMegabytes(idle)} idle, ${formatMegabytes(atPeak)} at most under the peak rate; one ` +
        `message of 100 MB takes ${formatMegabytes(whileLarge - beforeLarge)} more while it passes.`,
    );
  }
  return lines;
}

/** Sections of the page, by name. */
export function renderSections(measured: Measured): Record<string, string> {
  const rows = measured.comparisons.flatMap(({ title, plain, certified }) => [
    ...(plain === undefined ? [] : [[title, plain.name, formatSeries(plain.rate), '']]),
    ...certified.map((lane) => [
      title,
      lane.name,
      formatSeries(lane.rate),
      plain === undefined ? '' : `**${(lane.rate.median / plain.rate.median).toFixed(2)}**`,
    ]),
  ]);
  const table = ['| messages | server | per second | ratio |', '|---|---|---:|---:|', ...rows.map(renderRow)];
  return {
    machine: describeMachine(),
    ...(measured.storage !== undefined && { storage: renderStorage(measured.storage) }),
    throughput: [
      ...table,
      '',
      `Medians; ± is half of what lies between the least and the greatest run. ${describeCeiling(measured)}`,
      ...describeRest({ ...measured, storage: undefined }).flatMap((line) => ['', line]),
    ].join('\n'),
  };
}

function renderRow(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function describeMachine(): string {
  const run = (command: string, args: readonly string[]) => {
    try {
      return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    } catch {
      return 'unknown';
    }
  };
  const model = cpus()[0]?.model ?? 'unknown';
  return [
    `- ${cpus().length} cores, ${model.trim()}; ${(totalmem() / 2 ** 30).toFixed(0)} GiB of memory; Linux ${release()}`,
    `- Node ${process.versions.node}, OpenSSL ${process.versions.openssl}, SQLite ${process.versions.sqlite ?? ''}`,
    `- Postfix ${run('postconf', ['-h', 'mail_version'])}, Dovecot ${run('dovecot', ['--version']).split(' ')[0] ?? ''}; ` +
      `for the ceiling ${run('openssl', ['version']).split(' ').slice(0, 2).join(' ')}`,
    `- measured on ${new Date().toISOString().slice(0, 10)} at commit ${run('git', ['rev-parse', '--short=12', 'HEAD'])}`,
  ].join('\n');
}
