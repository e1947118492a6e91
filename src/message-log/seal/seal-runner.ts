/**
 * When to seal: after midnight of each legal day, at once for what an earlier run left, and again, at growing
 * distances, while something is missing. Nobody waits for it.
 */
import { type Runner, startRunner } from '../../lib/runner.ts';
import type { Clock, Instant } from '../../lib/time.ts';
import { legalDayOf } from './legal-day.ts';
import { graceMs } from './plan.ts';
import type { SealRound } from './sealer.ts';

export interface SealRunnerOptions {
  /** One round of sealing. */
  readonly seal: () => Promise<SealRound>;
  /** Done after each round that left nothing open: letting go of what was kept long enough. */
  readonly afterwards: () => Promise<unknown>;
  readonly clock: Clock;
  readonly onRound: (round: SealRound) => void;
  readonly onError: (error: unknown) => void;
  /** Longest sleep while nothing is due, milliseconds; a minute unless told. */
  readonly longestSleepMs?: number;
}

const minute = 60_000;
/** Waits after the first, second … round that left something open; the last one goes on. */
const waits = [1, 2, 5, 10, 20, 30].map((minutes) => minutes * minute);

export function startSealRunner(options: SealRunnerOptions): Runner {
  const { seal, afterwards, clock, onRound, onError, longestSleepMs = minute } = options;
  let nextAt: Instant = Number.NEGATIVE_INFINITY;
  let open = 0;

  async function round(): Promise<number> {
    const now = clock();
    if (now >= nextAt) {
      // A round that fails is tried again like one that leaves something open.
      nextAt = now + (waits[Math.min(open, waits.length - 1)] ?? minute);
      open += 1;
      const result = await seal();
      onRound(result);
      if (result.pending.length === 0 && result.busy.length === 0) {
        open = 0;
        nextAt = Math.min(result.nextAt ?? Number.POSITIVE_INFINITY, legalDayOf(clock()).end + graceMs);
        await afterwards();
      }
    }
    return Math.max(0, nextAt - clock());
  }

  return startRunner({ round, onError, longestSleepMs });
}
