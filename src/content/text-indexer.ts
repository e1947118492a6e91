/** Feeds the full text index in the background: it works at most half of the time and never while nothing is new. */
import { type Runner, startRunner } from '../lib/runner.ts';
import type { ContentParts } from './structure.ts';
import { findIndexed, indexNext } from './text-index.ts';

export interface TextIndexerOptions extends ContentParts {
  readonly onError: (error: unknown) => void;
  /** How often to look for new messages, milliseconds; ten seconds unless told. */
  readonly everyMs?: number;
}

export function startTextIndexer({ onError, everyMs = 10_000, ...parts }: TextIndexerOptions): Runner {
  let after: number | undefined;
  const round = async () => {
    const began = performance.now();
    after ??= await parts.db.read(findIndexed);
    const last = await indexNext(parts, after);
    if (last === undefined) return undefined;
    after = last;
    return performance.now() - began;
  };
  return startRunner({ round, onError, longestSleepMs: everyMs });
}
