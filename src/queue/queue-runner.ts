/**
 * Empties the outgoing queue: claims what is due, hands it to the relay, and gives the results to whoever
 * decides what they mean. Destinations do not wait for one another; one process never has more jobs in flight
 * than it is told.
 */
import { loadContent } from '../content/content.ts';
import type { Database } from '../db/database.ts';
import { type Runner, startRunner } from '../lib/runner.ts';
import { sliceSegments } from '../lib/segments.ts';
import type { Clock } from '../lib/time.ts';
import type { Relay, RelayResult } from '../relay/relay.ts';
import { claimDue, nextDue, type OutgoingJob, releaseLeases } from './outgoing.ts';

export interface QueueRunnerOptions {
  readonly db: Database;
  readonly relay: Relay;
  readonly clock: Clock;
  /** This process's name on its leases. */
  readonly owner: string;
  /** Jobs in flight at the same time. */
  readonly concurrency: number;
  /** Records the outcome of a job; until it resolves the job's lease stands. */
  readonly settle: (job: OutgoingJob, results: readonly RelayResult[]) => Promise<void>;
  readonly onError: (error: unknown) => void;
  /** Longest sleep while nothing is due, milliseconds; 5000 unless told. */
  readonly longestSleepMs?: number;
}

/** Longer than any SMTP transaction with its timeouts takes, so that a job is never tried twice at once. */
const leaseMs = 30 * 60_000;
const standardSleepMs = 5000;

export async function startQueueRunner(options: QueueRunnerOptions): Promise<Runner> {
  const { db, owner } = options;
  await db.transact((tx) => releaseLeases(tx, owner));
  const inFlight = new Set<Promise<void>>();
  const { longestSleepMs = standardSleepMs } = options;
  const runner = startRunner({ round, onError: options.onError, longestSleepMs });

  async function round(): Promise<number | undefined> {
    const free = options.concurrency - inFlight.size;
    if (free <= 0) return undefined; // a finished job wakes the loop
    const now = options.clock();
    const due = await db.read((tx) => nextDue(tx, now));
    if (due === undefined) return undefined;
    if (due > now) return due - now;
    const jobs = await db.transact((tx) => claimDue(tx, { owner, now, leaseMs, limit: free }));
    for (const job of jobs) launch(job);
    return jobs.length === 0 ? undefined : 0;
  }

  function launch(job: OutgoingJob): void {
    const work = runJob(options, job)
      .catch(options.onError)
      .finally(() => {
        inFlight.delete(work);
        runner.wake();
      });
    inFlight.add(work);
  }

  return {
    wake: () => runner.wake(),
    stop: async () => {
      await runner.stop();
      await Promise.all(inFlight);
    },
  };
}

async function runJob(options: QueueRunnerOptions, job: OutgoingJob): Promise<void> {
  const [first] = job.rows;
  const { segments, size } = await options.db.read((tx) => loadContent(tx, first.contentId));
  const results = await options.relay.deliver(
    {
      reversePath: first.reversePath,
      recipients: job.rows.map((row) => row.recipient),
      content: sliceSegments(segments, first.skip, size),
      size: first.size,
      eightBit: first.eightBit,
    },
    { domain: job.domain, requireTls: job.certified },
  );
  await options.settle(job, results);
}
