/**
 * What runs came to, kept as lines of JSON: one a seed, added when it is over. A run that was interrupted goes on from
 * there, and the lines of several machines can be put into one file.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { PlanSize } from './draw-plan.ts';
import type { Run } from './simulate.ts';

/** A run as it passes between processes. */
export interface SentRun extends Omit<Run, 'struck'> {
  readonly struck: readonly (readonly [string, number])[];
  /** Of its process, for this seed. */
  readonly cpuSeconds: number;
}

interface Line {
  readonly size: PlanSize;
  readonly run: SentRun;
}

/**
 * The runs of this size that the file has, each seed once. Left out are runs that broke something, to be run again with
 * code that has been mended, and a line that an end by force cut off.
 */
export function readTally(file: string, size: PlanSize): ReadonlyMap<number, SentRun> {
  const runs = new Map<number, SentRun>();
  if (!existsSync(file)) return runs;
  for (const text of readFileSync(file, 'utf8').split('\n')) {
    const line = readLine(text);
    if (line !== undefined && line.run.breaches.length === 0 && isSameSize(line.size, size))
      runs.set(line.run.seed, line.run);
  }
  return runs;
}

export function addToTally(file: string, size: PlanSize, run: SentRun): void {
  // Before the line, not after it: what was cut off before it spoils only itself.
  appendFileSync(file, `\n${JSON.stringify({ size, run } satisfies Line)}`);
}

function readLine(text: string): Line | undefined {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isSameSize(one: PlanSize, other: PlanSize): boolean {
  return (
    one.providers === other.providers && one.mailboxes === other.mailboxes && one.messages === other.messages
  );
}
