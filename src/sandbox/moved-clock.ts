/**
 * The clock of the sandbox: the machine's, moved ahead by what a file says. Another process writes the file, the
 * sandbox takes it over within a fraction of a second and over restarts, and says so in a second file, so that the
 * other knows. It only goes ahead: logs and mailboxes know no way back.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type Runner, startRunner } from '../lib/runner.ts';
import type { Clock } from '../lib/time.ts';
import type { SandboxFiles } from './places.ts';

type ClockFiles = Pick<SandboxFiles, 'clock' | 'clockTaken'>;

/** How far ahead of the machine's clock, milliseconds; 0 when nobody moved it. @throws {Error} when the file is damaged. */
export function readAhead(files: Pick<SandboxFiles, 'clock'>): number {
  return readMilliseconds(files.clock) ?? 0;
}

/** Moves the clock ahead by so many milliseconds more; the whole distance. */
export function advance(files: Pick<SandboxFiles, 'clock'>, byMs: number): number {
  const aheadMs = readAhead(files) + byMs;
  writeMilliseconds(files.clock, aheadMs);
  return aheadMs;
}

const takenWithinMs = 3000;
const pollMs = 100;

/** Resolves with true when a running sandbox has taken over the distance, with false when none does. */
export async function waitUntilTaken(files: ClockFiles, aheadMs: number): Promise<boolean> {
  for (let waited = 0; waited <= takenWithinMs; waited += pollMs) {
    const taken = readMilliseconds(files.clockTaken);
    if (taken === undefined) return false;
    if (taken >= aheadMs) return true;
    await delay(pollMs);
  }
  return false;
}

export interface MovedClock {
  readonly clock: Clock;
  /** Follows the file; `onMoved` gets the new distance, after `clock` shows it. */
  follow(onMoved: (aheadMs: number) => void, onError: (error: unknown) => void): Runner;
}

/** @throws {Error} when the file is damaged. */
export function openMovedClock(files: ClockFiles, base: Clock): MovedClock {
  let aheadMs = readAhead(files);

  function follow(onMoved: (aheadMs: number) => void, onError: (error: unknown) => void): Runner {
    writeMilliseconds(files.clockTaken, aheadMs);
    const round = async () => {
      const wanted = readAhead(files);
      if (wanted > aheadMs) {
        aheadMs = wanted;
        onMoved(aheadMs);
        writeMilliseconds(files.clockTaken, aheadMs);
      }
      return pollMs;
    };
    const runner = startRunner({ round, onError, longestSleepMs: pollMs });
    return {
      wake: runner.wake,
      stop: async () => {
        await runner.stop();
        rmSync(files.clockTaken, { force: true });
      },
    };
  }

  return { clock: () => base() + aheadMs, follow };
}

/** Undefined when there is no such file. */
function readMilliseconds(file: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const { aheadMs } = JSON.parse(text) as { aheadMs?: unknown };
  if (!Number.isSafeInteger(aheadMs) || Number(aheadMs) < 0)
    throw new Error(`${file} does not say how far ahead the clock is; remove it to begin anew`);
  return Number(aheadMs);
}

/** Whole or not at all: the other process may read at any moment. */
function writeMilliseconds(file: string, aheadMs: number): void {
  const temporary = `${file}.new`;
  writeFileSync(temporary, `${JSON.stringify({ aheadMs })}\n`, { mode: 0o600 });
  renameSync(temporary, file);
}
