/**
 * Flushes SQLite's log beside the event loop. With `synchronous = FULL` each commit holds the thread until the disk has
 * done its work; with NORMAL it only writes to the log, which is as whole after a power cut as it was at some commit
 * (frames carry a running checksum), and whoever answers for a commit waits for the flush that follows it. SQLite itself still
 * flushes the log's head when it begins anew, and the whole log before its pages go into the database file.
 */
import { close, fdatasync, openSync } from 'node:fs';

export class LogFlush {
  readonly #path: string;
  #file: number | undefined;

  /** @param databaseFile its log lies beside it, and is the same file as long as a connection is open */
  constructor(databaseFile: string) {
    this.#path = `${databaseFile}-wal`;
  }

  /** Resolves when all that is committed now is durable. Rejects with what the system says. */
  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      // Throws into the promise. SQLite's locks are on other files: this one can be opened and closed freely.
      this.#file ??= openSync(this.#path, 'r');
      fdatasync(this.#file, (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  }

  close(): void {
    if (this.#file !== undefined) close(this.#file);
    this.#file = undefined;
  }
}
