/**
 * When the index is fetched: at the start, then at a fixed distance, sooner after a failure; in between, what
 * another process of the provider fetched is taken over. RFC 6109 §4.5 asks for once a day at least.
 */
import { type Runner, startRunner } from '../lib/runner.ts';
import type { Clock } from '../lib/time.ts';
import type { RefreshingIndex, RefreshResult } from './refreshing-index.ts';

export interface IndexScheduleOptions {
  readonly index: RefreshingIndex;
  readonly everyMs: number;
  readonly clock: Clock;
  readonly report: (result: RefreshResult) => void;
}

export interface IndexSchedule {
  /** Fetches now; the next time counts from here. Never rejects. */
  refresh(): Promise<RefreshResult>;
  start(onError: (error: unknown) => void): Runner;
}

const retryMs = 15 * 60_000;
/** Within it a copy that another process fetched is seen. */
const longestSleepMs = 60_000;

export function createIndexSchedule({ index, everyMs, clock, report }: IndexScheduleOptions): IndexSchedule {
  let dueAt = 0;

  async function refresh(): Promise<RefreshResult> {
    const result = await index.refresh();
    dueAt = clock() + (result.outcome === 'applied' ? everyMs : Math.min(everyMs, retryMs));
    report(result);
    return result;
  }

  async function round(): Promise<number | undefined> {
    await index.adoptKept();
    const now = clock();
    // Due farther away than it can be: the clock was set back.
    if (now >= dueAt || dueAt - now > everyMs) await refresh();
    return dueAt - clock();
  }

  return { refresh, start: (onError) => startRunner({ round, onError, longestSleepMs }) };
}
