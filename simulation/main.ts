/**
 * `npm run simulate -- --seed N`: worlds of providers, each drawn from its seed, run and checked. Several seeds run in
 * several processes; one that fails is made small and kept as a case.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { keepCase, readCase } from './case-file.ts';
import { drawPlan } from './draw-plan.ts';
import { addRun, describeTotals, emptyTotals, type Totals, writeFigures } from './figures.ts';
import { type Options, parseOptions, usage } from './options.ts';
import type { Plan } from './plan.ts';
import { describeKind, shrink } from './shrink.ts';
import { type Run, simulate } from './simulate.ts';

/** A run as it passes between processes. */
export interface SentRun extends Omit<Run, 'struck'> {
  readonly struck: readonly (readonly [string, number])[];
}

/** What a worker process is asked for. */
export interface Order {
  readonly seed: number;
  readonly size: Options['size'];
}

async function main(words: readonly string[]): Promise<boolean> {
  const options = readOptions(words);
  if (options === undefined) return false;
  if (options.case !== undefined) return runPlan(readCase(options.case).plan, options);
  if (options.seeds === 1) return runPlan(drawPlan(options.seed, options.size), options);
  return runMany(options);
}

function readOptions(words: readonly string[]): Options | undefined {
  try {
    return parseOptions(words, availableParallelism());
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
    return undefined;
  }
}

async function runPlan(plan: Plan, options: Options): Promise<boolean> {
  const run = await simulate(plan);
  const totals = emptyTotals();
  addRun(totals, run);
  console.log(describeTotals(totals));
  console.log(`trace ${run.trace}`);
  if (run.breaches.length === 0) return true;
  await tellFailure(plan, run, options);
  return false;
}

/** Each worker gets the next seed as soon as it has ended one. */
async function runMany(options: Options): Promise<boolean> {
  const totals = emptyTotals();
  const failed: SentRun[] = [];
  const until = performance.now() + options.minutes * 60_000;
  let next = options.seed;
  const end = options.seed + options.seeds;
  const workers = Array.from({ length: Math.min(options.jobs, options.seeds) }, () =>
    fork(new URL('worker.ts', import.meta.url), { execArgv: ['--max-semi-space-size=32'] }),
  );
  const work = async (worker: ChildProcess) => {
    while (next < end && performance.now() < until) {
      const run = await ask(worker, { seed: next++, size: options.size });
      addRun(totals, { ...run, struck: new Map(run.struck) });
      if (run.breaches.length > 0) failed.push(run);
      if (totals.seeds % 100 === 0) console.log(`… ${describeProgress(totals, failed)}`);
    }
    worker.disconnect();
  };
  await Promise.all(workers.map(work));
  console.log(describeTotals(totals));
  for (const run of failed.sort((one, other) => one.seed - other.seed).slice(0, 5))
    await tellFailure(drawPlan(run.seed, options.size), run, options);
  if (failed.length > 0) console.log(`failing seeds: ${failed.map(({ seed }) => seed).join(' ')}`);
  if (options.write) writeFigures(totals, options);
  return failed.length === 0;
}

function describeProgress({ seeds, seconds, figures }: Totals, failed: readonly SentRun[]): string {
  return `${seeds} seeds, ${figures.messages} messages, ${Math.round(seconds())} s, ${failed.length} failed`;
}

function ask(worker: ChildProcess, order: Order): Promise<SentRun> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) =>
      reject(new Error(`the process of seed ${order.seed} ended with ${code}`));
    worker.once('exit', onExit);
    worker.once('message', (run: SentRun) => {
      worker.off('exit', onExit);
      resolve(run);
    });
    worker.send(order);
  });
}

/** What broke, and the smallest plan that breaks so: kept as a case. */
async function tellFailure(plan: Plan, { breaches }: Pick<Run, 'breaches'>, options: Options): Promise<void> {
  console.log(`\nseed ${plan.seed} breaks ${breaches.length} times:`);
  for (const { at, provider, text } of breaches.slice(0, 10))
    console.log(`  ${(at / 3_600_000).toFixed(2)} h ${provider}: ${text}`);
  const [first] = breaches;
  if (options.shrink === 0 || first === undefined) return;
  const small = await shrink(plan, breaches, {
    run: async (one) => (await simulate(one)).breaches,
    budget: options.shrink,
  });
  const { messages, faults, providers } = small.plan;
  console.log(
    `  smaller, after ${small.runs} runs: ${providers} providers, ${messages.length} messages, ${faults.length} faults`,
  );
  const why = describeKind(small.breaches[0] ?? first);
  const path = keepCase(`seed-${plan.seed}`, { why, plan: small.plan });
  console.log(`  kept as ${path}; again with: npm run simulate -- --case ${path}`);
}

process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
