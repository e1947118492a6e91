/**
 * Takes pages from SQLite's log into the database file while others write, on a thread of its own: the two flushes and
 * the copying would hold everything else. What is durable, and when, does not depend on it: a commit is so once it
 * stands in the log. Nor does the log's size: past a bound the writer itself does what is left.
 */
import { Worker } from 'node:worker_threads';

/** About a thousand pages in the log. */
const transactionsToOne = 100;

/** The thread begins with the first need of it: a command that writes a few rows has none. */
export class Checkpoints {
  readonly #file: string;
  readonly #onError: (error: unknown) => void;
  #thread: Worker | undefined;
  #transactions = 0;
  #underWay = false;
  #closed = false;

  /** `onError` hears why a checkpoint could not be: the disk is full; or why there is no thread. */
  constructor(file: string, onError: (error: unknown) => void) {
    this.#file = file;
    this.#onError = onError;
  }

  /** To be called for each transaction, after its commit. */
  noteCommit(): void {
    this.#transactions += 1;
    if (this.#transactions < transactionsToOne || this.#underWay || this.#closed) return;
    this.#transactions = 0;
    this.#underWay = true;
    this.#thread ??= this.#start();
    this.#thread.postMessage('checkpoint');
  }

  /** Resolves when the thread has closed the file. */
  async close(): Promise<void> {
    this.#closed = true;
    const thread = this.#thread;
    if (thread === undefined) return;
    const gone = new Promise((resolve) => thread.once('exit', resolve));
    thread.ref();
    thread.postMessage('close');
    await gone;
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
