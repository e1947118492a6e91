/** Statements on one SQLite database: each text is prepared once, errors come in the seam's words. Calls are synchronous. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SqlValue } from './database.ts';
import { translateError } from './sqlite-errors.ts';

/** More texts than all rooms together have; texts with a variable number of placeholders push older ones out. */
const cachedStatements = 500;

export class SqliteStatements {
  protected readonly database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.database = database;
  }

  get<T>(sql: string, values: readonly SqlValue[] = []): T | undefined {
    try {
      return this.prepare(sql).get(...values) as T | undefined;
    } catch (error) {
      throw translateError(error);
    }
  }

  all<T>(sql: string, values: readonly SqlValue[] = []): T[] {
    try {
      return this.prepare(sql).all(...values) as T[];
    } catch (error) {
      throw translateError(error);
    }
  }

  /** The number of rows the statement touched. */
  run(sql: string, values: readonly SqlValue[] = []): number {
    try {
      return Number(this.prepare(sql).run(...values).changes);
    } catch (error) {
      throw translateError(error);
    }
  }

  /** SQLite ends a transaction by itself when the disk is full or fails. */
  get inTransaction(): boolean {
    return this.database.isTransaction;
  }

  close(): void {
    this.#statements.clear();
    this.database.close();
  }

  protected prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.database.prepare(sql);
    if (this.#statements.size >= cachedStatements) {
      const oldest = this.#statements.keys().next();
      if (!oldest.done) this.#statements.delete(oldest.value);
    }
    this.#statements.set(sql, statement);
    return statement;
  }
}
