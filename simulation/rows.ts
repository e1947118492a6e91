/**
 * The rows of a provider on its simulated disk: a real SQLite database in memory with the real schema. It outlives
 * processes; what a process had not committed when it died is undone.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { SqlValue } from '../src/db/database.ts';
import { migrate } from '../src/db/migrate.ts';
import { allMigrations } from '../src/db/migrations/all.ts';
import { translateError } from '../src/db/sqlite-errors.ts';

export class Rows {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  private constructor(database: DatabaseSync) {
    this.#database = database;
    this.#database.exec('PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY');
  }

  /** Empty, with the schema of the program. */
  static create(at: number): Rows {
    const rows = new Rows(new DatabaseSync(':memory:'));
    migrate(rows, allMigrations, at);
    return rows;
  }

  /** From what `save` gave. */
  static load(image: Uint8Array): Rows {
    const database = new DatabaseSync(':memory:');
    database.deserialize(image);
    return new Rows(database);
  }

  save(): Uint8Array {
    return this.#database.serialize();
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction;
  }

  get<T>(sql: string, values: readonly SqlValue[] = []): T | undefined {
    try {
      return this.#prepare(sql).get(...values) as T | undefined;
    } catch (error) {
      throw translateError(error);
    }
  }

  all<T>(sql: string, values: readonly SqlValue[] = []): T[] {
    try {
      return this.#prepare(sql).all(...values) as T[];
    } catch (error) {
      throw translateError(error);
    }
  }

  /** The number of rows touched. */
  run(sql: string, values: readonly SqlValue[] = []): number {
    try {
      return Number(this.#prepare(sql).run(...values).changes);
    } catch (error) {
      throw translateError(error);
    }
  }

  /** The process is dead: what was open is undone. */
  rollBack(): void {
    if (this.inTransaction) this.run('ROLLBACK');
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
