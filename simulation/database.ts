/**
 * `Database` over simulated rows. A transaction runs whole between two events and is durable at once; that it is, its
 * caller hears later, or never. Readers get what was true when they asked, and hear it later. Full disks, held locks
 * and failed commits come as the real store reports them, and leave nothing of the transaction.
 */
import type { Database, ReadTransaction, SqlValue, Transaction } from '../src/db/database.ts';
import { storeFailure } from '../src/db/sqlite-errors.ts';
import { Topics } from '../src/db/topics.ts';
import type { Random } from './random.ts';
import type { Rows } from './rows.ts';
import type { Life, Scheduler } from './scheduler.ts';

export interface DatabaseFaults {
  /** Asked before each transaction: how it fails, if it does. */
  failTransaction(): 'lock' | 'statement' | 'commit' | undefined;
  /** The process dies at a statement of this transaction. */
  dieInTransaction(): boolean;
}

export interface SimulatedDatabaseOptions {
  readonly rows: Rows;
  readonly scheduler: Scheduler;
  readonly life: Life;
  readonly random: Random;
  readonly faults: DatabaseFaults;
  readonly die: () => void;
  /** Something that must never happen has. */
  readonly onBreach: (text: string) => void;
}

const never = new Promise<never>(() => undefined);

export class SimulatedDatabase implements Database {
  readonly dialect = 'sqlite';
  readonly #options: SimulatedDatabaseOptions;
  readonly #topics: Topics;
  #open = false;

  constructor(options: SimulatedDatabaseOptions) {
    this.#options = options;
    this.#topics = new Topics((error) => options.onBreach(`a listener threw ${error}`));
  }

  async read<T>(fn: (tx: ReadTransaction) => Promise<T>): Promise<T> {
    this.#requireClosed();
    const tx = new SimulatedTransaction(this.#options.rows);
    let result: T;
    try {
      result = await fn(tx);
    } finally {
      tx.over = true;
    }
    await this.#wait('read', 0.6);
    return result;
  }

  async transact<T>(fn: (tx: Transaction) => Promise<T>): Promise<T> {
    const { rows, faults } = this.#options;
    await this.#wait('begin', 1.5);
    this.#requireClosed();
    const failure = faults.failTransaction();
    if (failure === 'lock') throw storeFailure('stayed locked by another process', undefined);
    const limit = failure === 'statement' ? this.#options.random.integer(0, 12) : Number.POSITIVE_INFINITY;
    const dieAt = faults.dieInTransaction() ? this.#options.random.integer(1, 12) : Number.POSITIVE_INFINITY;
    const tx = new SimulatedTransaction(rows, { limit, dieAt, die: () => this.#die() });
    this.#open = true;
    rows.run('BEGIN');
    let result: T;
    try {
      result = await fn(tx);
      tx.over = true;
      if (failure !== undefined) throw storeFailure('could not commit', undefined);
      rows.run('COMMIT');
    } catch (error) {
      tx.over = true;
      rows.rollBack();
      this.#open = false;
      await this.#wait('rolled back', 1);
      throw error;
    }
    this.#open = false;
    for (const action of tx.actions) action();
    for (const { topic, payload } of tx.notices) this.#topics.tell(topic, payload);
    await this.#wait('committed', 3);
    return result;
  }

  listen(topic: string, listener: (payload: string | undefined) => void): () => void {
    return this.#topics.add(topic, listener);
  }

  async close(): Promise<void> {
    await this.#wait('close', 1);
  }

  #wait(what: string, longest: number): Promise<void> {
    const { scheduler, life, random } = this.#options;
    return scheduler.wait(random.fraction() * longest, life, what);
  }

  #die(): Promise<never> {
    this.#open = false;
    this.#options.rows.rollBack();
    this.#options.die();
    return never;
  }

  #requireClosed(): void {
    if (this.#open)
      this.#options.onBreach(`a transaction awaited something else than its own statements and stood open `);
  }
}

interface Limits {
  /** Statements that pass before the disk is full. */
  readonly limit: number;
  readonly dieAt: number;
  readonly die: () => Promise<never>;
}

class SimulatedTransaction implements Transaction {
  readonly actions: (() => void)[] = [];
  readonly notices: { topic: string; payload: string }[] = [];
  over = false;
  readonly #rows: Rows;
  readonly #limits: Limits | undefined;
  #count = 0;
  #dead = false;

  constructor(rows: Rows, limits?: Limits) {
    this.#rows = rows;
    this.#limits = limits;
  }

  async get<T>(sql: string, ...values: SqlValue[]): Promise<T | undefined> {
    await this.#enter();
    return this.#rows.get<T>(sql, values);
  }

  async all<T>(sql: string, ...values: SqlValue[]): Promise<T[]> {
    await this.#enter();
    return this.#rows.all<T>(sql, values);
  }

  async run(sql: string, ...values: SqlValue[]): Promise<{ readonly changes: number }> {
    await this.#enter();
    return { changes: this.#rows.run(sql, values) };
  }

  afterCommit(action: () => void): void {
    this.actions.push(action);
  }

  notify(topic: string, payload: string): void {
    this.notices.push({ topic, payload });
  }

  #enter(): Promise<never> | undefined {
    if (this.over) throw new Error('the transaction is over: a statement came after its function had ended');
    if (this.#limits === undefined) return undefined;
    if (this.#dead) return never;
    this.#count += 1;
    if (this.#count > this.#limits.limit) throw storeFailure('is full', undefined);
    if (this.#count < this.#limits.dieAt) return undefined;
    this.#dead = true;
    return this.#limits.die();
  }
}
