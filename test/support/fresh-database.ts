/**
 * A database with the program's whole schema and nothing in it. The schema is laid once a process, by the program's own
 * migrations, and copied: migrating each store anew takes longer than what most tests do with it.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from '../../src/db/database.ts';
import { migrate } from '../../src/db/migrate.ts';
import { allMigrations } from '../../src/db/migrations/all.ts';
import { openSqlite, type SqliteOptions } from '../../src/db/sqlite.ts';
import { SqliteConnection } from '../../src/db/sqlite-connection.ts';

let emptyDatabase: Uint8Array | undefined;

/** Makes the file, unless it is there. */
export function layDatabase(file: string): void {
  if (existsSync(file)) return;
  emptyDatabase ??= migrateOnce();
  writeFileSync(file, emptyDatabase, { mode: 0o600 });
}

/** Opens the file, made when it is not there. */
export function openFreshDatabase(options: Omit<SqliteOptions, 'migrations'>): Database {
  layDatabase(options.file);
  return openSqlite(options);
}

let unnamedFolder: string | undefined;
let unnamed = 0;

/** One without a name, for one user at a time; gone when the process ends. */
export function openUnnamedDatabase(): Database {
  if (unnamedFolder === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'openpec-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    unnamedFolder = folder;
  }
  unnamed += 1;
  return openFreshDatabase({ file: join(unnamedFolder, `${unnamed}.db`), readers: 0 });
}

function migrateOnce(): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'openpec-'));
  try {
    const file = join(folder, 'empty.db');
    const connection = new SqliteConnection({ file, role: 'writer' });
    connection.run('BEGIN IMMEDIATE');
    migrate(connection, allMigrations, Date.now());
    connection.run('COMMIT');
    // Closed by the last that had it open, the file is whole by itself.
    connection.close();
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
