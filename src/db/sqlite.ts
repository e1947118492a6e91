/**
 * Rows in one SQLite file: WAL, `synchronous = FULL`, one writer with group commit and a few readers, each read
 * on its own snapshot. Several processes may open the same file; who meets the other's write lock waits.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MailError } from '../lib/mail-error.ts';
import type { Database, ReadTransaction, SqlValue, Transaction } from './database.ts';
import {
  type BatchConnection,
  type BatchLimits,
  type BatchMember,
  defaultBatchLimits,
  GroupCommit,
} from './group-commit.ts';
import { isMigrated, type Migration, migrate } from './migrate.ts';
import { allMigrations } from './migrations/all.ts';
import { Checkpoints } from './sqlite-checkpoints.ts';
import { SqliteConnection } from './sqlite-connection.ts';
import { storeFailure } from './sqlite-errors.ts';
import { LogFlush } from './sqlite-flush.ts';
import { Topics } from './topics.ts';

export interface SqliteOptions {
  /** Path of the database file; it is made when missing. `:memory:` for tests. */
  readonly file: string;
  /** Connections for reading, 4 unless told. */
  readonly readers?: number;
  /** Other than the program's own: for tests. */
  readonly migrations?: readonly Migration[];
  readonly limits?: Partial<BatchLimits>;
  /** How often to look for other processes' writes while somebody listens, milliseconds; 1000 unless told. */
  readonly pollMs?: number;
  /** After how long without a write SQLite's log is emptied, milliseconds; a quarter of a minute unless told. */
  readonly quietMs?: number;
  /**
   * Whether a commit holds the thread until the disk has it (`within`, unless told), or the flush goes on beside it, for who
   * serves others meanwhile. Nothing is answered, and nothing read in this process, before it is durable either way; other
   * processes see a commit some milliseconds earlier with `beside`.
   */
  readonly flush?: 'within' | 'beside';
  /** Hears what an `afterCommit` action or a listener throws; a process warning unless told. */
  readonly onError?: (error: unknown) => void;
}

/**
 * Opens the file and brings its schema up to date under the write lock.
 * @throws {MailError} `permanent` when the store is newer than the program, `temporary` when it cannot be had.
 */
export function openSqlite(options: SqliteOptions): Database {
  const writer = new SqliteConnection({ file: options.file, role: 'writer' });
  try {
    migrateLocked(writer, options.migrations ?? allMigrations);
  } catch (error) {
    writer.close();
    throw error;
  }
  const readers: SqliteConnection[] = [];
  if (options.file !== ':memory:') {
    for (let count = options.readers ?? 4; count > 0; count -= 1) {
      readers.push(new SqliteConnection({ file: options.file, role: 'reader' }));
    }
  }
  return new SqliteDatabase(writer, readers, options);
}

/**
 * Opens a copy to look at: nothing of it or beside it is changed, and every `transact` is refused.
 * @throws {MailError} `permanent` when its schema is not the program's, `temporary` when it cannot be read.
 */
export function openSqliteCopy(file: string): Database {
  const viewers = [1, 2].map(() => new SqliteConnection({ file, role: 'viewer' }));
  const [first] = viewers;
  if (first === undefined || !isMigrated(first, allMigrations)) {
    for (const viewer of viewers) viewer.close();
    throw olderCopy(file);
  }
  return new SqliteDatabase(first, viewers.slice(1), { file });
}

function olderCopy(file: string): MailError {
  const text =
    `${file} was written by an earlier version: look at it with that version, ` +
    'or let this one open a copy as its data folder, which brings the copy up to date';
  return new MailError('permanent', text, { code: 554, enhanced: '5.3.5' });
}

function migrateLocked(writer: SqliteConnection, migrations: readonly Migration[]): void {
  if (isMigrated(writer, migrations)) return;
  writer.run('PRAGMA busy_timeout = 60000');
  // What a step sorts may be larger than the memory there is.
  writer.run('PRAGMA temp_store = FILE');
  writer.run('BEGIN IMMEDIATE');
  try {
    migrate(writer, migrations, Date.now());
    writer.run('COMMIT');
  } catch (error) {
    if (writer.inTransaction) writer.run('ROLLBACK');
    throw error;
  }
  writer.run('PRAGMA temp_store = MEMORY');
  writer.run('PRAGMA busy_timeout = 0');
}

function openFlush(writer: SqliteConnection, { file, flush }: SqliteOptions): LogFlush | undefined {
  if (flush !== 'beside' || file === ':memory:') return undefined;
  writer.run('PRAGMA synchronous = NORMAL');
  return new LogFlush(file);
}

function flushBeside(writer: SqliteConnection, flush: LogFlush): BatchConnection {
  return {
    tryBegin: () => writer.tryBegin(),
    run: (sql) => writer.run(sql),
    get inTransaction() {
      return writer.inTransaction;
    },
    flush: () => flush.flush(),
  };
}

/** A few such reads at once would each hold a connection and wait for another, for ever. */
const nestedRead = 'read was called inside a read: pass the transaction on';

class SqliteDatabase implements Database {
  readonly dialect = 'sqlite';
  readonly #writer: SqliteConnection;
  readonly #group: GroupCommit;
  readonly #readers: readonly SqliteConnection[];
  readonly #idleReaders: SqliteConnection[];
  readonly #waitingReads: ((reader: SqliteConnection) => void)[] = [];
  readonly #topics: Topics;
  readonly #turns = new Turns();
  readonly #checkpoints: Checkpoints | undefined;
  readonly #flush: LogFlush | undefined;
  readonly #insideRead = new AsyncLocalStorage<{ open: boolean }>();
  readonly #pollMs: number;
  readonly #onError: (error: unknown) => void;
  #seenVersion: number;
  #poll: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(writer: SqliteConnection, readers: readonly SqliteConnection[], options: SqliteOptions) {
    this.#writer = writer;
    this.#readers = readers;
    this.#idleReaders = [...readers];
    this.#flush = openFlush(writer, options);
    const connection = this.#flush === undefined ? writer : flushBeside(writer, this.#flush);
    this.#group = new GroupCommit(connection, storeFailure, { ...defaultBatchLimits, ...options.limits });
    this.#onError =
      options.onError ?? ((error) => process.emitWarning(error instanceof Error ? error : `${error}`));
    this.#topics = new Topics(this.#onError);
    if (options.file !== ':memory:')
      this.#checkpoints = new Checkpoints({ ...options, onError: this.#onError });
    this.#pollMs = options.pollMs ?? 1000;
    this.#seenVersion = writer.version();
  }

  async read<T>(fn: (tx: ReadTransaction) => Promise<T>): Promise<T> {
    if (this.#closed) throw storeFailure('is closed', undefined);
    if (this.#readers.length === 0) return this.transact(fn);
    if (this.#insideRead.getStore()?.open === true) throw new Error(nestedRead);
    const reader = this.#idleReaders.pop() ?? (await this.#nextReader());
    // Asked anew after each wait, and not in a function of its own: between its answer and `BEGIN` nobody may commit.
    for (let flush = this.#group.flushing; flush !== undefined; flush = this.#group.flushing)
      await this.#orGiveBack(reader, flush);
    const tx = new SqliteTransaction(reader, this.#turns);
    const scope = { open: true };
    try {
      reader.run('BEGIN');
      // A snapshot is taken with the first row: now, while all that is committed is durable.
      if (this.#flush !== undefined) reader.get('SELECT 1 FROM schema_migration LIMIT 1');
      return await this.#insideRead.run(scope, () => fn(tx));
    } finally {
      scope.open = false;
      tx.end();
      this.#endRead(reader);
    }
  }

  transact<T>(fn: (tx: Transaction) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(storeFailure('is closed', undefined));
    const tx = new SqliteTransaction(this.#writer, this.#turns);
    const member: BatchMember = {
      get lastUse() {
        return tx.lastUse;
      },
      end: () => tx.end(),
      publish: () => this.#publish(tx),
    };
    return this.#group.add(member, () => fn(tx));
  }

  listen(topic: string, listener: (payload: string | undefined) => void): () => void {
    if (this.#poll === undefined && !this.#closed) {
      this.#seenVersion = this.#writer.version();
      this.#poll = setInterval(() => this.#lookForOthers(), this.#pollMs);
      this.#poll.unref();
    }
    const stop = this.#topics.add(topic, listener);
    return () => {
      stop();
      if (!this.#topics.silent) return;
      clearInterval(this.#poll);
      this.#poll = undefined;
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#poll);
    await this.#group.idle();
    while (this.#idleReaders.length < this.#readers.length) await nextTurn();
    await this.#checkpoints?.close();
    this.#flush?.close();
    for (const reader of this.#readers) reader.close();
    this.#writer.close();
  }

  async #orGiveBack(reader: SqliteConnection, flush: Promise<void>): Promise<void> {
    try {
      await flush;
    } catch (error) {
      this.#giveBack(reader);
      throw error;
    }
  }

  #nextReader(): Promise<SqliteConnection> {
    return new Promise((resolve) => this.#waitingReads.push(resolve));
  }

  /** The reader must come back whatever happens: who waits for one would wait for ever. */
  #endRead(reader: SqliteConnection): void {
    try {
      // There is nothing to roll back, and looking for it costs more.
      if (reader.inTransaction) reader.run('COMMIT');
    } catch {
      // Over a damaged page SQLite ends the transaction and complains once more; the statement has told it.
    } finally {
      this.#giveBack(reader);
    }
  }

  #giveBack(reader: SqliteConnection): void {
    const next = this.#waitingReads.shift();
    if (next === undefined) this.#idleReaders.push(reader);
    else next(reader);
  }

  #publish(tx: SqliteTransaction): void {
    this.#checkpoints?.noteCommit();
    for (const action of tx.actions) {
      try {
        action();
      } catch (error) {
        this.#onError(error);
      }
    }
    for (const { topic, payload } of tx.notices) this.#topics.tell(topic, payload);
  }

  /** The version seen by the writer changes only when another process has committed. */
  #lookForOthers(): void {
    try {
      const version = this.#writer.version();
      if (version === this.#seenVersion) return;
      this.#seenVersion = version;
      this.#topics.tellAll();
    } catch (error) {
      this.#onError(error);
    }
  }
}

/**
 * Statements are synchronous, so a long series of them would keep the event loop to itself: after so many
 * milliseconds it gets a turn between two statements.
 */
const turnAfterMs = 10;

class Turns {
  #last: number = performance.now();

  /** What to wait for; undefined when a statement may run at once: waiting would cost more than most statements. */
  take(): Promise<void> | undefined {
    return performance.now() - this.#last <= turnAfterMs ? undefined : this.#takeTurn();
  }

  async #takeTurn(): Promise<void> {
    await nextTurn();
    this.#last = performance.now();
  }
}

class SqliteTransaction implements Transaction {
  readonly actions: (() => void)[] = [];
  readonly notices: { topic: string; payload: string }[] = [];
  readonly #connection: SqliteConnection;
  readonly #turns: Turns;
  #lastUse: number = performance.now();
  #over = false;

  constructor(connection: SqliteConnection, turns: Turns) {
    this.#connection = connection;
    this.#turns = turns;
  }

  get lastUse(): number {
    return this.#lastUse;
  }

  end(): void {
    this.#over = true;
  }

  async get<T>(sql: string, ...values: SqlValue[]): Promise<T | undefined> {
    const turn = this.#turns.take();
    if (turn !== undefined) await turn;
    this.#enter();
    return this.#connection.get<T>(sql, values);
  }

  async all<T>(sql: string, ...values: SqlValue[]): Promise<T[]> {
    const turn = this.#turns.take();
    if (turn !== undefined) await turn;
    this.#enter();
    return this.#connection.all<T>(sql, values);
  }

  async run(sql: string, ...values: SqlValue[]): Promise<{ readonly changes: number }> {
    const turn = this.#turns.take();
    if (turn !== undefined) await turn;
    this.#enter();
    return { changes: this.#connection.run(sql, values) };
  }

  afterCommit(action: () => void): void {
    this.actions.push(action);
  }

  notify(topic: string, payload: string): void {
    this.notices.push({ topic, payload });
  }

  #enter(): void {
    this.#lastUse = performance.now();
    if (this.#over) throw new Error('the transaction is over: a statement came after its function had ended');
    if (!this.#connection.inTransaction) throw storeFailure('ended the transaction', undefined);
  }
}
