/**
 * A database that fails on demand, around a real one: for tests of everything above the rows. Whatever it
 * fails, nothing of the transaction stays.
 */
import type { Database, ReadTransaction, SqlValue, Transaction } from './database.ts';
import { storeFailure } from './sqlite-errors.ts';

export type FailurePoint =
  /** Another process keeps the lock. */
  | 'lock'
  /** A statement meets a full disk; `after` statements before it pass. */
  | 'statement'
  /** All statements pass, the commit does not. */
  | 'commit'
  | 'read';

export interface FailingDatabase extends Database {
  /** The next `times` uses fail at this point. */
  failNext(point: FailurePoint, options?: { readonly times?: number; readonly after?: number }): void;
  /** Nothing fails any more. */
  heal(): void;
}

export function createFailingDatabase(inner: Database): FailingDatabase {
  return new FailingAround(inner);
}

class FailingAround implements FailingDatabase {
  readonly #inner: Database;
  #point: FailurePoint | undefined;
  #times = 0;
  #after = 0;

  constructor(inner: Database) {
    this.#inner = inner;
  }

  get dialect(): Database['dialect'] {
    return this.#inner.dialect;
  }

  failNext(
    point: FailurePoint,
    { times = 1, after = 0 }: { readonly times?: number; readonly after?: number } = {},
  ): void {
    this.#point = point;
    this.#times = times;
    this.#after = after;
  }

  heal(): void {
    this.#times = 0;
  }

  async read<T>(fn: (tx: ReadTransaction) => Promise<T>): Promise<T> {
    if (this.#takes('read')) throw storeFailure('met an input/output error', undefined);
    return this.#inner.read(fn);
  }

  async transact<T>(fn: (tx: Transaction) => Promise<T>): Promise<T> {
    if (this.#takes('lock')) throw storeFailure('stayed locked by another process', undefined);
    if (this.#takes('statement')) {
      const allowed = this.#after;
      return this.#inner.transact(async (tx) => {
        await fn(new FailingTransaction(tx, allowed));
        throw storeFailure('is full', undefined);
      });
    }
    if (this.#takes('commit')) {
      return this.#inner.transact(async (tx) => {
        await fn(tx);
        throw storeFailure('could not commit', undefined);
      });
    }
    return this.#inner.transact(fn);
  }

  listen(topic: string, listener: (payload: string | undefined) => void): () => void {
    return this.#inner.listen(topic, listener);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #takes(point: FailurePoint): boolean {
    if (this.#point !== point || this.#times === 0) return false;
    this.#times -= 1;
    return true;
  }
}

class FailingTransaction implements Transaction {
  readonly #inner: Transaction;
  #left: number;

  constructor(inner: Transaction, allowed: number) {
    this.#inner = inner;
    this.#left = allowed;
  }

  get<T>(sql: string, ...values: SqlValue[]): Promise<T | undefined> {
    this.#count();
    return this.#inner.get<T>(sql, ...values);
  }

  all<T>(sql: string, ...values: SqlValue[]): Promise<T[]> {
    this.#count();
    return this.#inner.all<T>(sql, ...values);
  }

  run(sql: string, ...values: SqlValue[]): Promise<{ readonly changes: number }> {
    this.#count();
    return this.#inner.run(sql, ...values);
  }

  afterCommit(action: () => void): void {
    this.#inner.afterCommit(action);
  }

  notify(topic: string, payload: string): void {
    this.#inner.notify(topic, payload);
  }

  #count(): void {
    if (this.#left === 0) throw storeFailure('is full', undefined);
    this.#left -= 1;
  }
}
