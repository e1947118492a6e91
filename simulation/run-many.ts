/** Many seeds in several processes. An interruption tells what was reached, and leaves nothing running. */
import { type ChildProcess, fork } from 'node:child_process';
import { addRun, describeTotals, emptyTotals, type Totals } from './figures.ts';
import type { Options } from './options.ts';
import { addToTally, readTally, type SentRun } from './tally.ts';

/** What a worker process is asked for. */
export interface Order {
  readonly seed: number;
  readonly size: Options['size'];
}

export interface ManyRuns {
  readonly totals: Totals;
  /** Runs that broke something. */
  readonly failed: readonly SentRun[];
  /** The signal that ended it early. */
  readonly interrupted: NodeJS.Signals | undefined;
}

interface Work extends ManyRuns {
  readonly options: Options;
  /** Still to be run, in order. */
  readonly seeds: Iterator<number>;
  readonly failed: SentRun[];
  interrupted: NodeJS.Signals | undefined;
}

/** Each worker gets the next seed as soon as it has ended one. */
export async function runMany(options: Options): Promise<ManyRuns> {
  const { tally, size } = options;
  const known = tally === undefined ? new Map<number, SentRun>() : readTally(tally, size);
  const seeds = listSeeds(options).filter((seed) => !known.has(seed));
  const work: Work = {
    options,
    seeds: seeds.values(),
    totals: emptyTotals(),
    failed: [],
    interrupted: undefined,
  };
  for (const seed of listSeeds(options)) count(work, known.get(seed));
  if (known.size > 0) console.log(`… ${describeProgress(work)}, from ${tally}`);
  const workers = Array.from({ length: Math.min(options.jobs, seeds.length) }, startWorker);
  const stop = (signal: NodeJS.Signals) => {
    work.interrupted = signal;
    for (const worker of workers) worker.kill('SIGKILL');
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    await Promise.all(workers.map((worker) => keepBusy(work, worker)));
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
  console.log(describeTotals(work.totals));
  return work;
}

function listSeeds({ seed, seeds }: Options): number[] {
  return Array.from({ length: seeds }, (_, place) => seed + place);
}

/** New spaces of the heap large enough that short-lived things die in them. */
function startWorker(): ChildProcess {
  return fork(new URL('worker.ts', import.meta.url), { execArgv: ['--max-semi-space-size=32'] });
}

async function keepBusy(work: Work, worker: ChildProcess): Promise<void> {
  const { options, seeds, totals } = work;
  const every = Math.ceil(progressEvery / options.size.messages);
  while (work.interrupted === undefined && totals.seconds() < options.minutes * 60) {
    const next = seeds.next();
    if (next.done === true) break;
    const run = await ask(worker, { seed: next.value, size: options.size });
    if (run === undefined) {
      if (work.interrupted === undefined)
        throw new Error(`the process of seed ${next.value} ended by itself`);
      return;
    }
    if (options.tally !== undefined) addToTally(options.tally, options.size, run);
    count(work, run);
    if (run.breaches.length > 0) console.log(`seed ${run.seed} breaks: ${run.breaches[0]?.text}`);
    if (totals.seeds % every === 0) console.log(`… ${describeProgress(work)}`);
  }
  worker.disconnect();
}

/** Messages between two lines of progress. */
const progressEvery = 4000;

function count({ totals, failed }: Work, run: SentRun | undefined): void {
  if (run === undefined) return;
  addRun(totals, { ...run, struck: new Map(run.struck) }, run.cpuSeconds);
  if (run.breaches.length > 0) failed.push(run);
}

function describeProgress({ totals: { seeds, seconds, figures }, failed }: ManyRuns): string {
  return `${seeds} seeds, ${figures.submitted} messages, ${figures.issued} issued, ${Math.round(seconds())} s, ${failed.length} failed`;
}

/** Undefined when the process ended before it had an answer. */
function ask(worker: ChildProcess, order: Order): Promise<SentRun | undefined> {
  return new Promise((resolve) => {
    const onExit = () => resolve(undefined);
    worker.once('exit', onExit);
    worker.once('message', (run: SentRun) => {
      worker.off('exit', onExit);
      resolve(run);
    });
    worker.send(order);
  });
}
