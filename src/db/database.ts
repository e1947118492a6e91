/**
 * The rows seam. `transact(fn)` runs `fn` inside one transaction: either all it wrote is durable when the
 * promise resolves, or none of it is. Acceptance relies on that: log, receipt and queue rows stand or fall
 * together. An implementation may commit several transactions with one fsync, but each stays all-or-nothing.
 *
 * SQL is written once for both dialects: `?` placeholders, RETURNING, ON CONFLICT. Instants are INTEGER
 * milliseconds, bytes are BLOB, booleans are INTEGER 0 or 1.
 * Inside `fn` await nothing but the transaction's own methods: other work would hold the lock.
 */
export type SqlValue = string | number | bigint | Uint8Array | null;
export type Row = Record<string, SqlValue>;

export interface ReadTransaction {
  /** The first row, or undefined. */
  get<T = Row>(sql: string, ...values: SqlValue[]): Promise<T | undefined>;
  all<T = Row>(sql: string, ...values: SqlValue[]): Promise<T[]>;
}

export interface Transaction extends ReadTransaction {
  /** Runs one statement; `changes` is the number of rows it touched. */
  run(sql: string, ...values: SqlValue[]): Promise<{ readonly changes: number }>;
  /** Called once, after the commit is durable and never after a rollback: publish notices here. */
  afterCommit(action: () => void): void;
}

export interface Database {
  readonly dialect: 'sqlite' | 'postgres';
  /** One consistent snapshot for all reads of `fn`. */
  read<T>(fn: (tx: ReadTransaction) => Promise<T>): Promise<T>;
  /**
   * Runs `fn` and commits. A throw in `fn` rolls back what `fn` wrote and is passed on.
   * @throws {MailError} kind `temporary`, 451 4.3.0, when the store cannot write (lock, disk full).
   */
  transact<T>(fn: (tx: Transaction) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
