/**
 * The rows of a provider on its simulated disk: a real SQLite database in memory with the real schema. It outlives
 * processes; what a process had not committed when it died is undone.
 */
import { DatabaseSync } from 'node:sqlite';
import { migrate } from '../src/db/migrate.ts';
import { allMigrations } from '../src/db/migrations/all.ts';
import { SqliteStatements } from '../src/db/sqlite-statements.ts';

export class Rows extends SqliteStatements {
  private constructor(database: DatabaseSync) {
    super(database);
    // As src/db/sqlite-connection.ts has it.
    database.exec('PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON; PRAGMA temp_store = MEMORY');
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
    return this.database.serialize();
  }

  /** The process is dead: what was open is undone. */
  rollBack(): void {
    if (this.inTransaction) this.run('ROLLBACK');
  }
}
