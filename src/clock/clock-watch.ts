/**
 * Is our clock right? Provider time is within one second of UTC, always (RFC 6109 §4.1, DM 2 November 2005), so
 * it is compared with several servers at the start and regularly, and what depends on it can ask `isRight`.
 * When nobody answers, the clock counts as right for a while, since clocks drift slowly; then no more.
 */
import { type Runner, startRunner } from '../lib/runner.ts';
import type { Clock } from '../lib/time.ts';
import type { TimeReading, TimeSource } from './time-source.ts';

export type ClockFinding =
  | { readonly state: 'right' | 'wrong'; readonly offsetMs: number; readonly servers: number }
  /** No server gave a usable answer; `trusted`: the clock still counts as right. */
  | { readonly state: 'unknown'; readonly reasons: readonly string[]; readonly trusted: boolean };

export interface ClockWatchOptions {
  /** None: the clock is not checked and counts as right. */
  readonly sources: readonly TimeSource[];
  /** Beyond it the clock is wrong; an answer that is less exact than this is no answer. */
  readonly maxOffsetMs: number;
  readonly checkEveryMs: number;
  /** How long the clock counts as right without an answer, from the last one or from the start. */
  readonly trustedSilenceMs: number;
  /** The clock that is checked, and one that nobody sets: milliseconds from anywhere. */
  readonly clock: Clock;
  readonly monotonic: () => number;
  readonly report: (finding: ClockFinding) => void;
}

export interface ClockWatch {
  isRight(): boolean;
  /** Asks all servers now; undefined when none is named. Never rejects. */
  check(): Promise<ClockFinding | undefined>;
  /** Checks at once and then regularly, and whenever the clock was set. */
  start(onError: (error: unknown) => void): Runner;
}

/** While the clock is wrong or nobody answers. */
const retryMs = 60_000;
/** Within it a clock that was set is noticed. */
const longestSleepMs = 10_000;

export function createClockWatch(options: ClockWatchOptions): ClockWatch {
  const { sources, clock, monotonic } = options;
  let answeredAt = monotonic();
  let isWrong = false;
  let dueAt = 0;
  let difference = clock() - monotonic();

  const isTrusted = () => monotonic() - answeredAt <= options.trustedSilenceMs;

  async function check(): Promise<ClockFinding | undefined> {
    if (sources.length === 0) return undefined;
    const finding = await ask();
    if (finding.state !== 'unknown') {
      isWrong = finding.state === 'wrong';
      answeredAt = monotonic();
    }
    difference = clock() - monotonic();
    dueAt =
      monotonic() +
      (finding.state === 'right' ? options.checkEveryMs : Math.min(retryMs, options.checkEveryMs));
    options.report(finding);
    return finding;
  }

  async function ask(): Promise<ClockFinding> {
    const answers = await Promise.allSettled(sources.map((source) => source.ask()));
    const reasons: string[] = [];
    const readings: TimeReading[] = [];
    for (const [index, answer] of answers.entries()) {
      const name = sources[index]?.name ?? '';
      if (answer.status === 'rejected') reasons.push(`${name}: ${describe(answer.reason)}`);
      else if (answer.value.errorMs > options.maxOffsetMs)
        reasons.push(`${name}: exact to ${Math.round(answer.value.errorMs)} ms only`);
      else readings.push(answer.value);
    }
    const offsetMs = findMedian(readings.map((reading) => reading.offsetMs));
    if (offsetMs === undefined) return { state: 'unknown', reasons, trusted: !isWrong && isTrusted() };
    const state = Math.abs(offsetMs) > options.maxOffsetMs ? 'wrong' : 'right';
    return { state, offsetMs, servers: readings.length };
  }

  const wasSet = () => Math.abs(clock() - monotonic() - difference) > options.maxOffsetMs / 2;

  async function round(): Promise<number | undefined> {
    if (monotonic() >= dueAt || wasSet()) await check();
    return sources.length === 0 ? undefined : dueAt - monotonic();
  }

  return {
    isRight: () => sources.length === 0 || (!isWrong && isTrusted()),
    check,
    start: (onError) => startRunner({ round, onError, longestSleepMs }),
  };
}

/** Of an even number, the mean of the two in the middle; undefined for none. One liar among three is outvoted. */
export function findMedian(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

function describe(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
