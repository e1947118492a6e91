/**
 * Takes pages from SQLite's log into the database file while others write, on a thread of its own: the two flushes and
 * the copying would hold everything else. When nothing is written for a while, a log that has grown is emptied. What is
 * durable, and when, does not depend on it: a commit is so once it stands in the log, and its pages leave the log only
 * when they have been flushed to the file. Nor does the log's size: past a bound the writer itself does what is left.
 */
import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { CheckpointWanted } from './sqlite-checkpoint-thread.ts';

/** About a thousand pages in the log. */
const transactionsToOne = 100;
/** A log of up to so many bytes stays: a heartbeat a minute is no reason to empty it each time. */
const smallLog = 64 * 1024;
const quietAfterMs = 15_000;

export interface CheckpointOptions {
  readonly file: string;
  /** Hears why a checkpoint could not be: the disk is full; or why there is no thread. */
  readonly onError: (error: unknown) => void;
  /** From the last commit until the log is emptied, and from one try to the next while somebody reads; milliseconds. */
  readonly quietMs?: number;
}

/** The thread begins with the first need of it: a command that writes a few rows has none. */
export class Checkpoints {
  readonly #file: string;
  readonly #onError: (error: unknown) => void;
  readonly #quietMs: number;
  #quiet: NodeJS.Timeout | undefined;
  #thread: Worker | undefined;
  #transactions = 0;
  #underWay = false;
  #closed = false;

  constructor({ file, onError, quietMs = quietAfterMs }: CheckpointOptions) {
    this.#file = file;
    this.#onError = onError;
    this.#quietMs = quietMs;
  }

  /** To be called for each transaction, after its commit. */
  noteCommit(): void {
    this.#awaitQuiet();
    this.#transactions += 1;
    if (this.#transactions >= transactionsToOne) this.#want('copy');
  }

  /** Resolves when the thread has closed the file. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#quiet);
    const thread = this.#thread;
    if (thread === undefined) return;
    const gone = new Promise((resolve) => thread.once('exit', resolve));
    thread.ref();
    thread.postMessage('close');
    await gone;
  }

  /** One timer for all, begun anew by each commit. */
  #awaitQuiet(): void {
    if (this.#closed) return;
    this.#quiet ??= setTimeout(() => this.#emptyLog(), this.#quietMs).unref();
    this.#quiet.refresh();
  }

  #emptyLog(): void {
    try {
      const log = statSync(`${this.#file}-wal`, { throwIfNoEntry: false });
      if (log !== undefined && log.size > smallLog) this.#want('empty');
    } catch (error) {
      this.#onError(error);
    }
  }

  #want(wanted: CheckpointWanted): void {
    if (this.#underWay || this.#closed) return;
    this.#transactions = 0;
    this.#underWay = true;
    this.#thread ??= this.#start();
    this.#thread.postMessage(wanted);
  }

  #start(): Worker {
    const thread = new Worker(new URL('./sqlite-checkpoint-thread.ts', import.meta.url), {
      workerData: this.#file,
      resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 48 },
    });
    thread.unref();
    thread.on('message', (failure: string) => {
      this.#underWay = false;
      if (failure !== '') this.#onError(new Error(`a checkpoint of the database failed: ${failure}`));
      // Somebody may still read from the log, or it was to be emptied while it was copied.
      else this.#awaitQuiet();
    });
    thread.on('error', (error) => {
      if (!this.#closed) this.#onError(error);
    });
    // The next need begins another; until then the writer does it.
    thread.on('exit', () => {
      this.#thread = undefined;
      this.#underWay = false;
    });
    return thread;
  }
}
