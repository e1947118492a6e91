/**
 * Group commit: transactions that wait are run one after the other, each under a savepoint of one outer
 * transaction, and made durable with one fsync. Each stays all-or-nothing: the failure of one is undone to its
 * savepoint and its neighbours go on; only when the commit itself fails are all of the batch rejected.
 * A promise resolves when the commit is durable, never before.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';

/** What the batch needs of a connection. All calls are synchronous. */
export interface BatchConnection {
  /** False when another process holds the write lock. */
  tryBegin(): boolean;
  run(sql: string): unknown;
  readonly inTransaction: boolean;
  /** Makes what was committed durable where `COMMIT` does not do so itself. After a failure nothing more is taken. */
  flush?(): Promise<void>;
}

/** One transaction's handle: it must be dead once the batch has left it. */
export interface BatchMember {
  /** When it last ran a statement, by `performance.now()`. */
  readonly lastUse: number;
  end(): void;
  /** Runs what was put off until after the commit. */
  publish(): void;
}

export interface BatchLimits {
  /** Most transactions to one fsync. */
  readonly members: number;
  /** No further transaction joins a batch after so many milliseconds. */
  readonly joinMs: number;
  /** How long to wait for another process's write lock, milliseconds. */
  readonly lockWaitMs: number;
  /** A transaction that runs no statement for so long is undone: everybody waits behind it. */
  readonly idleMs: number;
}

export const defaultBatchLimits: BatchLimits = {
  members: 500,
  joinMs: 25,
  lockWaitMs: 30_000,
  idleMs: 10_000,
};

interface Waiting {
  /** Runs the caller's function; what to do when it is durable. Rejects with what the caller's function threw. */
  readonly work: () => Promise<() => void>;
  readonly member: BatchMember;
  readonly reject: (error: unknown) => void;
}

/** A transaction of the batch that has run and waits for the commit. */
interface Finished {
  readonly waiting: Waiting;
  readonly resolve: () => void;
}

export class GroupCommit {
  readonly #connection: BatchConnection;
  readonly #storeFailure: (reason: string, cause: unknown) => Error;
  readonly #limits: BatchLimits;
  readonly #inside = new AsyncLocalStorage<{ open: boolean }>();
  #queue: Waiting[] = [];
  #draining: Promise<void> | undefined;
  #running: { readonly member: BatchMember; readonly giveUp: (error: Error) => void } | undefined;
  #watching: NodeJS.Timeout | undefined;
  #flushing: Promise<void> | undefined;
  #failure: Error | undefined;

  constructor(
    connection: BatchConnection,
    storeFailure: (reason: string, cause: unknown) => Error,
    limits: BatchLimits = defaultBatchLimits,
  ) {
    this.#connection = connection;
    this.#storeFailure = storeFailure;
    this.#limits = limits;
  }

  /** Runs `fn` in its turn; resolves with its result when that is durable. */
  add<T>(member: BatchMember, fn: () => Promise<T>): Promise<T> {
    if (this.#inside.getStore()?.open === true) {
      return Promise.reject(
        new Error(
          'transact was called inside a transaction and would wait for itself: pass the transaction on',
        ),
      );
    }
    return new Promise<T>((resolve, reject) => {
      const work = async () => {
        const scope = { open: true };
        try {
          const result = await this.#inside.run(scope, fn);
          return () => resolve(result);
        } finally {
          scope.open = false;
        }
      };
      this.#queue.push({ work, member, reject });
      this.#draining ??= this.#inside.exit(() => this.#drain());
    });
  }

  /**
   * Resolves when all that was committed is durable; undefined when it is so now. Who reads waits for it first: nothing is
   * seen that a power cut could take back. Rejects when it cannot be made durable.
   */
  get flushing(): Promise<void> | undefined {
    return this.#failure === undefined ? this.#flushing : Promise.reject(this.#failure);
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#draining !== undefined) await this.#draining;
  }

  async #drain(): Promise<void> {
    this.#watch(this.#limits.idleMs);
    while (this.#queue.length > 0) {
      // A turn of the event loop lets everybody who is ready join this batch.
      await nextTurn();
      await this.#runBatch();
    }
    clearTimeout(this.#watching);
    this.#draining = undefined;
  }

  /** One timer for all: most transactions are over a thousand times before it rings. */
  #watch(ms: number): void {
    this.#watching = setTimeout(() => {
      const left =
        (this.#running?.member.lastUse ?? performance.now()) + this.#limits.idleMs - performance.now();
      if (left <= 0)
        this.#running?.giveUp(
          new Error('a transaction waited for something else than its own statements and was undone'),
        );
      this.#watch(left > 0 ? left : this.#limits.idleMs);
    }, ms);
  }

  async #runBatch(): Promise<void> {
    try {
      await this.#begin();
    } catch (error) {
      for (const waiting of this.#queue.splice(0)) waiting.reject(error);
      return;
    }
    const finished: Finished[] = [];
    const joinUntil = performance.now() + this.#limits.joinMs;
    while (finished.length < this.#limits.members && performance.now() < joinUntil) {
      const waiting = this.#queue.shift();
      if (waiting === undefined) break;
      const resolve = await this.#runMember(waiting);
      if (resolve !== undefined) finished.push({ waiting, resolve });
      if (!this.#connection.inTransaction) break;
    }
    await this.#commit(finished);
  }

  /** Waits without blocking the event loop: a long write by another process means waiting, not errors. */
  async #begin(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#rollBack();
    const giveUpAt = performance.now() + this.#limits.lockWaitMs;
    for (let wait = 1; !this.#connection.tryBegin(); wait = Math.min(wait * 2, 16)) {
      if (performance.now() > giveUpAt) {
        throw this.#storeFailure('stayed locked by another process', undefined);
      }
      await pause(wait);
    }
  }

  /** What to call once the commit is durable, or undefined when the transaction failed and was undone. */
  async #runMember(waiting: Waiting): Promise<(() => void) | undefined> {
    try {
      this.#connection.run('SAVEPOINT member');
      const resolve = await this.#giveUpWhenIdle(waiting);
      waiting.member.end();
      this.#connection.run('RELEASE member');
      return resolve;
    } catch (error) {
      waiting.member.end();
      this.#undoMember();
      waiting.reject(error);
      return undefined;
    }
  }

  async #giveUpWhenIdle({ work, member }: Waiting): Promise<() => void> {
    const { promise: givenUp, reject: giveUp } = Promise.withResolvers<never>();
    this.#running = { member, giveUp };
    try {
      return await Promise.race([work(), givenUp]);
    } finally {
      this.#running = undefined;
    }
  }

  #undoMember(): void {
    // When the disk is full SQLite has already ended the whole transaction: nothing is left to undo.
    if (!this.#connection.inTransaction) return;
    try {
      this.#connection.run('ROLLBACK TO member');
      this.#connection.run('RELEASE member');
    } catch {
      this.#rollBack();
    }
  }

  async #commit(finished: readonly Finished[]): Promise<void> {
    try {
      if (!this.#connection.inTransaction) throw new Error('SQLite ended the transaction');
      this.#connection.run('COMMIT');
    } catch (cause) {
      this.#rollBack();
      for (const { waiting } of finished) waiting.reject(this.#storeFailure('could not commit', cause));
      return;
    }
    if (this.#connection.flush !== undefined) {
      // The next batch begins after it: meanwhile it gathers, and the thread is free for everything else.
      this.#flushing = this.#flush(this.#connection.flush());
      try {
        await this.#flushing;
      } catch (error) {
        for (const { waiting } of finished) waiting.reject(error);
        return;
      }
    }
    for (const { waiting } of finished) waiting.member.publish();
    for (const { resolve } of finished) resolve();
  }

  /** What a failed flush has left on the disk nobody knows, and a second one would not tell: only a start anew does. */
  async #flush(flushed: Promise<void>): Promise<void> {
    try {
      await flushed;
    } catch (cause) {
      this.#failure = this.#storeFailure('could not be flushed to the disk, and must be opened anew', cause);
      throw this.#failure;
    } finally {
      this.#flushing = undefined;
    }
  }

  #rollBack(): void {
    if (!this.#connection.inTransaction) return;
    try {
      this.#connection.run('ROLLBACK');
    } catch {
      // The next BEGIN says what is wrong.
    }
  }
}
