/**
 * Empties the outgoing queue: claims what is due, hands it to the relay, and gives the results to whoever
 * decides what they mean. Destinations do not wait for one another; one process never has more jobs in flight
 * than it is told.
 */
import { loadContent } from '../content/content.ts';
import type { Database } from '../db/database.ts';
import { createInsistence, type Insistence } from '../lib/insist.ts';
import { type Runner, startRunner } from '../lib/runner.ts';
import { sliceSegments } from '../lib/segments.ts';
import type { Clock } from '../lib/time.ts';
import type { Relay, RelayResult } from '../relay/relay.ts';
import { claimDue, nextDue, type OutgoingJob, putBack, releaseLeases } from './outgoing.ts';

export interface QueueRunnerOptions {
  readonly db: Database;
  readonly relay: Relay;
  readonly clock: Clock;
  /** This process's name on its leases. */
  readonly owner: string;
  /** Jobs in flight at the same time. */
  readonly concurrency: number;
  /**
   * Records the outcome of a job, `insist`ing on each commit: the peer has answered and does not say it twice. Until
   * it resolves the job's lease stands. Each failure has then gone to `onError`.
   */
  readonly settle: (
    job: OutgoingJob,
    results: readonly RelayResult[],
    insist: Insistence['insist'],
  ) => Promise<void>;
  readonly onError: (error: unknown) => void;
  /** Longest sleep while nothing is due, milliseconds; 5000 unless told. */
  readonly longestSleepMs?: number;
}

/** Longer than any SMTP transaction with its timeouts takes, so that a job is never tried twice at once. */
const leaseMs = 30 * 60_000;
const standardSleepMs = 5000;
/** After a failure that is not the peer's: the disk full, the key away. */
const retryMs = 15_000;

export async function startQueueRunner(options: QueueRunnerOptions): Promise<Runner> {
  const { db, owner } = options;
  await db.transact((tx) => releaseLeases(tx, owner));
  const inFlight = new Set<Promise<void>>();
  const { longestSleepMs = standardSleepMs } = options;
  const insistence = createInsistence({ onError: options.onError, pauseMs: retryMs, limitMs: leaseMs / 2 });
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
    const work = runJob(options, job, insistence)
      .catch(() => undefined) // has been heard; the lease ends, or the next start voids it
      .finally(() => {
        inFlight.delete(work);
        runner.wake();
      });
    inFlight.add(work);
  }

  return {
    wake: () => runner.wake(),
    stop: async () => {
      insistence.stop();
      await runner.stop();
      await Promise.all(inFlight);
    },
  };
}

async function runJob(options: QueueRunnerOptions, job: OutgoingJob, insistence: Insistence): Promise<void> {
  let results: readonly RelayResult[];
  try {
    results = await relayJob(options, job);
  } catch (error) {
    options.onError(error);
    const again = options.clock() + retryMs;
    await insistence.insist(() => options.db.transact((tx) => putBack(tx, job.rows, again)));
    return;
  }
  await options.settle(job, results, insistence.insist);
}

async function relayJob(
  { db, relay }: QueueRunnerOptions,
  job: OutgoingJob,
): Promise<readonly RelayResult[]> {
  const [first] = job.rows;
  const { segments, size } = await db.read((tx) => loadContent(tx, first.contentId));
  return relay.deliver(
    {
      reversePath: first.reversePath,
      recipients: job.rows.map((row) => row.recipient),
      content: sliceSegments(segments, first.skip, size),
      size: first.size,
      eightBit: first.eightBit,
    },
    { domain: job.domain, requireTls: job.certified },
  );
}
