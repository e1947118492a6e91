/**
 * Migrations: ordered, each applied once and recorded with a digest of its text. A store that a newer program
 * has changed, or whose recorded migrations are not the ones of this program, is refused before anything runs.
 */
import { createHash } from 'node:crypto';
import { MailError } from '../lib/mail-error.ts';

export interface Migration {
  /** 1, 2, 3 …: the place in the order, without gaps. */
  readonly id: number;
  readonly name: string;
  readonly statements: readonly string[];
}

/** What migrating needs of a connection. */
export interface MigrationConnection {
  all<T>(sql: string): T[];
  run(sql: string, values?: readonly (string | number)[]): unknown;
}

interface Applied {
  id: number;
  name: string;
  digest: string;
}

const createTable = `CREATE TABLE IF NOT EXISTS schema_migration (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  applied_at INTEGER NOT NULL
) STRICT`;

/**
 * Whether the store has every migration already: asked without a lock, so that commands start while the daemon
 * writes.
 * @throws {MailError} `permanent` when the store is newer than this program or differs from it.
 */
export function isMigrated(connection: MigrationConnection, migrations: readonly Migration[]): boolean {
  const table = connection.all(`SELECT 1 FROM sqlite_schema WHERE name = 'schema_migration'`);
  return table.length > 0 && readApplied(connection, migrations).length === migrations.length;
}

/**
 * Applies the migrations that the store lacks, under the caller's write lock; the number applied.
 * @throws {MailError} `permanent` when the store is newer than this program or differs from it.
 */
export function migrate(
  connection: MigrationConnection,
  migrations: readonly Migration[],
  now: number,
): number {
  connection.run(createTable);
  const missing = migrations.slice(readApplied(connection, migrations).length);
  for (const migration of missing) {
    for (const statement of migration.statements) connection.run(statement);
    connection.run('INSERT INTO schema_migration (id, name, digest, applied_at) VALUES (?, ?, ?, ?)', [
      migration.id,
      migration.name,
      digestOf(migration),
      now,
    ]);
  }
  return missing.length;
}

function readApplied(connection: MigrationConnection, migrations: readonly Migration[]): readonly Applied[] {
  const applied = connection.all<Applied>('SELECT id, name, digest FROM schema_migration ORDER BY id');
  checkApplied(applied, migrations);
  return applied;
}

function checkApplied(applied: readonly Applied[], migrations: readonly Migration[]): void {
  for (const [index, migration] of migrations.entries()) {
    if (migration.id !== index + 1) {
      throw new Error(`migration ${migration.name} has id ${migration.id} but stands at place ${index + 1}`);
    }
  }
  const last = applied.at(-1);
  if (last !== undefined && last.id > migrations.length) {
    throw refusal(
      `The store has schema ${last.id} (${last.name}) but this program knows schemas up to ${migrations.length}. ` +
        'Start the newer program that last used this store, or restore a backup from before the upgrade',
    );
  }
  for (const [index, { id, name, digest }] of applied.entries()) {
    const migration = migrations[index];
    if (migration === undefined || migration.id !== id || digestOf(migration) !== digest) {
      throw refusal(
        `Schema step ${id} (${name}) of this store is not the one of this program. ` +
          'The store was made by another version: use that version, or restore a backup',
      );
    }
  }
}

/** White space does not count, so that formatting a migration does not make a store foreign. */
function digestOf(migration: Migration): string {
  const text = migration.statements.map((statement) => statement.replace(/\s+/g, ' ').trim()).join(';');
  return createHash('sha256').update(`${migration.name};${text}`).digest('hex');
}

function refusal(text: string): MailError {
  return new MailError('permanent', text, { code: 554, enhanced: '5.3.5' });
}
