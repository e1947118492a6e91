/**
 * Feeds the full text index in the background. New messages come first: half of the time goes to them while there are
 * any, a thirtieth while mail keeps the server busy: what is not indexed yet is read when somebody searches. Beside them,
 * with a tenth of the time, all that is stored is gone over again and again for messages that were left out, so that in
 * the end every one is indexed. What is done is never done again, so a restart loses nothing.
 */
import { type Runner, startRunner } from '../lib/runner.ts';
import type { ContentParts } from './structure.ts';
import { findIndexed, indexLeftOut, indexNext } from './text-index.ts';

export interface TextIndexerOptions extends ContentParts {
  readonly onError: (error: unknown) => void;
  /** How often to look for new messages, milliseconds; ten seconds unless told. */
  readonly everyMs?: number;
  /** From the end of one look for messages left out to the next, milliseconds; an hour unless told. */
  readonly lateEveryMs?: number;
  /** Whether there is more urgent work; never unless told. */
  readonly isBusy?: () => boolean;
}

/** Pauses between steps over new messages, in lengths of the last step. */
const restfulPause = 1;
const busyPause = 29;

export function startTextIndexer(options: TextIndexerOptions): Runner {
  const { onError, everyMs = 10_000, lateEveryMs = 3_600_000, isBusy = () => false, ...parts } = options;
  let after: number | undefined;
  const late = createLatePass(parts, lateEveryMs);
  const round = async () => {
    const began = performance.now();
    after ??= await parts.db.read(findIndexed);
    const last = await indexNext(parts, after);
    if (last === undefined) return late(after);
    after = last;
    return (isBusy() ? busyPause : restfulPause) * (performance.now() - began);
  };
  return startRunner({ round, onError, longestSleepMs: everyMs });
}

/** A step of the pass over what is left out: milliseconds to wait, undefined when no pass is due. */
function createLatePass(parts: ContentParts, everyMs: number): (upTo: number) => Promise<number | undefined> {
  let at = 0;
  let endedAt: number | undefined;
  return async (upTo) => {
    const began = performance.now();
    if (endedAt !== undefined && began - endedAt < everyMs) return everyMs - (began - endedAt);
    const next = await indexLeftOut(parts, at, upTo);
    endedAt = next === undefined ? performance.now() : undefined;
    at = next ?? 0;
    return next === undefined ? undefined : 9 * (performance.now() - began);
  };
}
