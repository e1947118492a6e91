/** `pec report statistics`: what a provider reports to AgID for four months (P01, P02), and how long mail took. */
import { Command, InvalidArgumentError } from 'commander';
import { type AccountCounts, countAccounts } from '../accounts/counts.ts';
import type { Durations } from '../lib/durations.ts';
import type { Instant } from '../lib/time.ts';
import { type Availability, computeAvailability } from '../message-log/availability.ts';
import { findFirstRun, listRuns } from '../message-log/service-runs.ts';
import { collectStatistics, type LogStatistics, type Period } from '../message-log/statistics.ts';
import { openCommandClock } from './command-clock.ts';
import type { ConfigOptions } from './config-option.ts';
import { configOption } from './config-option.ts';
import { CommandFailure, exitCode } from './exit-code.ts';
import { beginOfMonth, parseBegin, parseEnd } from './legal-time.ts';
import { jsonOption } from './options.ts';
import { withStores } from './stores.ts';
import { formatInstant } from './table.ts';
import type { Terminal } from './terminal.ts';

interface StatisticsOptions extends ConfigOptions {
  readonly period?: Period;
  readonly from?: Instant;
  readonly to?: Instant;
  readonly json?: boolean;
}

interface Report {
  readonly period: Period;
  readonly counts: AccountCounts;
  readonly log: LogStatistics;
  readonly availability: Availability;
}

const percentiles = { p50: 0.5, p90: 0.9, p99: 0.99, longest: 1 } as const;

export function buildReportCommand(terminal: Terminal): Command {
  const report = new Command('report').description('figures that a provider owes');
  report
    .command('statistics')
    .description('messages, viruses, availability and times of a period, from the message log')
    .option(
      '--period <year-n>',
      'four months: 2026-1 from January, -2 from May, -3 from September',
      parsePeriod,
    )
    .option('--from <when>', 'or from this day or instant on, Italian legal time', parseBegin)
    .option('--to <when>', 'until this instant, or the end of this day', parseEnd)
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (options: StatisticsOptions) => {
      const made = await makeReport(options);
      terminal.print(options.json === true ? renderJson(made) : renderText(made));
    });
  return report;
}

function parsePeriod(text: string): Period {
  const [, year, third] = /^(\d{4})-([123])$/.exec(text) ?? [];
  if (year === undefined) throw new InvalidArgumentError('Write the year and 1, 2 or 3: 2026-3.');
  const month = (Number(third) - 1) * 4 + 1;
  return { from: beginOfMonth(Number(year), month), to: beginOfMonth(Number(year), month + 4) };
}

async function makeReport(options: StatisticsOptions): Promise<Report> {
  const now = openCommandClock(options)();
  const period = choosePeriod(options, now);
  return withStores(options, async ({ db }) => {
    const log = await collectStatistics((fn) => db.read(fn), period);
    return db.read(async (tx) => {
      const counts = await countAccounts(tx);
      const runs = await listRuns(tx, period);
      const since = await findFirstRun(tx);
      return { period, counts, log, availability: computeAvailability({ ...period, runs, since, now }) };
    });
  });
}

function choosePeriod({ period, from, to }: StatisticsOptions, now: Instant): Period {
  if (period !== undefined && (from !== undefined || to !== undefined))
    throw new CommandFailure(exitCode.usage, 'Give either --period, or --from and --to.');
  if (period !== undefined) return period;
  if (from === undefined)
    throw new CommandFailure(exitCode.usage, 'Give --period, e.g. 2026-3, or --from and --to.');
  const end = to ?? now;
  if (end <= from) throw new CommandFailure(exitCode.usage, 'The period ends before it begins.');
  return { from, to: end };
}

function renderJson({ period, counts, log, availability }: Report): string {
  const iso = (at: Instant) => new Date(at).toISOString();
  const { timeToTakeInCharge, timeToDelivery, ...messages } = log;
  const { outages, from, to, ...rest } = availability;
  return JSON.stringify(
    {
      period: { from: iso(period.from), to: iso(period.to) },
      ...counts,
      messages,
      millisecondsToTakeInCharge: summarize(timeToTakeInCharge),
      millisecondsToDelivery: summarize(timeToDelivery),
      availability: {
        ...{ measuredFrom: iso(from), measuredTo: iso(to) },
        ...rest,
        outages: outages.map((outage) => ({
          ...outage,
          from: iso(outage.from),
          to: iso(outage.to),
          minutes: toMinutes(outage.to - outage.from),
        })),
      },
    },
    null,
    2,
  );
}

function summarize(durations: Durations) {
  const shares = Object.entries(percentiles).map(([name, share]) => [
    name,
    durations.percentile(share) ?? null,
  ]);
  return { count: durations.count, ...(Object.fromEntries(shares) as Record<string, number | null>) };
}

function renderText({ period, counts, log, availability }: Report): string {
  const { share, outages, longestOutageMs, outageLimitMs, isEnough, from, to } = availability;
  const rows: readonly (readonly [string, string])[] = [
    ['period', renderSpan(period)],
    ['domains, now', String(counts.domains)],
    ['mailboxes, now', String(counts.mailboxes)],
    ['messages out (acceptances)', String(log.accepted)],
    ['messages in (prese in carico)', String(log.takeInChargeReceipts)],
    ['taken in charge, also our own', String(log.takenInCharge)],
    ['refused at the access point', String(log.refused)],
    ['viruses out', String(log.virusesOut)],
    ['viruses in', String(log.virusesIn)],
    ['delivered here', String(log.delivered)],
    ['not delivered', String(log.notDelivered)],
    ['to presa in carico', renderDurations(log.timeToTakeInCharge)],
    ['to delivery', renderDurations(log.timeToDelivery)],
    ['measured', to === from ? 'nothing: the provider did not serve then' : renderSpan({ from, to })],
    ['availability', `${renderShare(share)} (at least 99.8 %)`],
    ['longest outage', `${renderMinutes(longestOutageMs)} (at most ${renderMinutes(outageLimitMs)})`],
    ['as the rules want it', isEnough ? 'yes' : 'no'],
    ['outages', String(outages.length)],
  ];
  const lines = rows.map(([name, value]) => `${name.padEnd(31)}${value}`);
  const listed = outages.map(
    (outage) =>
      `  ${renderSpan(outage)}  ${renderMinutes(outage.to - outage.from)}  ${outage.kind}${outage.withinLimit ? '' : ', too long'}`,
  );
  return [...lines, ...listed].join('\n');
}

function renderSpan({ from, to }: Period): string {
  return `${formatInstant(from)} to ${formatInstant(to)}`;
}

/** Rounded down: 99.7999 is not 99.8. */
function renderShare(share: number): string {
  return `${(Math.floor(share * 1_000_000) / 10_000).toFixed(4)} %`;
}

function toMinutes(ms: number): number {
  return Math.ceil(ms / 60_000);
}

function renderMinutes(ms: number): string {
  return `${toMinutes(ms)} min`;
}

function renderDurations(durations: Durations): string {
  if (durations.count === 0) return 'none';
  const shares = Object.entries(percentiles).map(
    ([name, share]) => `${name} ${((durations.percentile(share) ?? 0) / 1000).toFixed(2)} s`,
  );
  return `${shares.join(', ')} (of ${durations.count})`;
}
