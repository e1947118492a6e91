/**
 * The rows seam. `transact(fn)` runs `fn` inside one transaction: either all it wrote is durable when the
 * promise resolves, or none of it is. Acceptance relies on that: log, receipt and queue rows stand or fall
 * together. An implementation may commit several transactions with one fsync, but each stays all-or-nothing.
 *
 * SQL is written once for both dialects: `?` placeholders, RETURNING, ON CONFLICT. Instants are INTEGER
 * milliseconds, bytes are BLOB, booleans are INTEGER 0 or 1.
 * Inside `fn` await nothing but the transaction's own methods: other work would hold the lock, and a
 * transaction that stays idle is given up.
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
  /** Tells the listeners of `topic` after the commit, and never after a rollback. */
  notify(topic: string, payload: string): void;
}

export interface Database {
  readonly dialect: 'sqlite' | 'postgres';
  /** One consistent snapshot for all reads of `fn`. */
  read<T>(fn: (tx: ReadTransaction) => Promise<T>): Promise<T>;
  /**
   * Runs `fn` and commits. A throw in `fn` rolls back what `fn` wrote and is passed on.
   * @throws {MailError} kind `temporary`, 451 4.3.0, when the store cannot write (lock, disk full).
   * @throws {ConstraintError} out of the statement, when the rows do not allow it.
   */
  transact<T>(fn: (tx: Transaction) => Promise<T>): Promise<T>;
  /**
   * Calls `listener` with the payload of each `notify` of the topic, in this process or another; without a
   * payload when other processes wrote and nobody can say what: read again. A notice may come late or twice;
   * nothing may rest on it but the time of a refresh. Returns how to stop.
   */
  listen(topic: string, listener: (payload: string | undefined) => void): () => void;
  /** Waits for the transactions under way; later ones are refused. */
  close(): Promise<void>;
}

export type Constraint = 'unique' | 'foreign-key' | 'not-null' | 'check' | 'refused';

/** The rows do not allow the statement: a name is taken, a reference leads nowhere, a trigger refuses. */
export class ConstraintError extends Error {
  readonly constraint: Constraint;

  constructor(constraint: Constraint, message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'ConstraintError';
    this.constraint = constraint;
  }
}

/** True when the error says that a UNIQUE or PRIMARY KEY value stands already. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof ConstraintError && error.constraint === 'unique';
}
