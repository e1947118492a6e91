/** The words of the command line. */
import { parseArgs } from 'node:util';
import { type PlanSize, standardSize } from './draw-plan.ts';

export interface Options {
  readonly seed: number;
  readonly seeds: number;
  readonly size: PlanSize;
  /** Processes at the same time. */
  readonly jobs: number;
  /** Begins no further seed after so long. */
  readonly minutes: number;
  /** A kept case to run instead of seeds. */
  readonly case: string | undefined;
  /** Runs of a failing plan that shrinking may take; 0 shrinks nothing. */
  readonly shrink: number;
  readonly write: boolean;
  /** Where the figures of each seed are kept; seeds that are in it are not run again. */
  readonly tally: string | undefined;
}

/** As good as no limit. */
export const anyMinutes = 24 * 60;

export const usage = `usage: npm run simulate -- [options]

  --seed N        the first seed (1)
  --seeds COUNT   how many seeds, one after the other (1)
  --messages M    messages to a world (${standardSize.messages})
  --providers P   providers of a world (${standardSize.providers})
  --mailboxes B   mailboxes of each provider (${standardSize.mailboxes})
  --jobs J        processes (as many as there are processors)
  --minutes T     begin no further seed after so many minutes
  --tally FILE    keep the figures of each seed in this file; seeds that are in it are
                  counted and not run again: so a long run goes on after an interruption
  --case FILE     run a kept case instead of seeds
  --shrink R      make a failing plan small with at most R runs (300); 0: do not
  --write         put the figures into docs/reliability.md`;

/** @throws {RangeError} with what is wrong, for the person who typed it. */
export function parseOptions(words: readonly string[], processors: number): Options {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...words],
    options: {
      seed: text,
      seeds: text,
      messages: text,
      providers: text,
      mailboxes: text,
      jobs: text,
      minutes: text,
      tally: text,
      case: text,
      shrink: text,
      write: { type: 'boolean' },
    },
  });
  const count = (name: keyof typeof values, standard: number, least = 1) =>
    readCount(name, values[name], { standard, least });
  return {
    seed: count('seed', 1, 0),
    seeds: count('seeds', 1),
    size: {
      messages: count('messages', standardSize.messages),
      providers: count('providers', standardSize.providers),
      mailboxes: count('mailboxes', standardSize.mailboxes),
    },
    jobs: count('jobs', processors),
    minutes: count('minutes', anyMinutes),
    case: values.case,
    shrink: count('shrink', 300, 0),
    tally: values.tally,
    write: values.write === true,
  };
}

function readCount(
  name: string,
  value: string | boolean | undefined,
  { standard, least }: { readonly standard: number; readonly least: number },
): number {
  if (value === undefined) return standard;
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < least)
    throw new RangeError(`--${name} wants a whole number from ${least} on, not ${value}`);
  return number;
}
