/** A consistent copy of a SQLite database that others are writing to, and whether such a copy is whole. */
import { closeSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { translateError } from './sqlite-errors.ts';

/**
 * Copies what is committed now into a new file, in one read transaction; writers go on meanwhile. Durable when it
 * resolves; this process does nothing else until then.
 * @throws {MailError} when the database cannot be read or the file cannot be written.
 */
export async function snapshotSqlite(source: string, target: string): Promise<void> {
  // For its owner only: VACUUM takes an empty file as it is.
  closeSync(openSync(target, 'wx', 0o600));
  const database = new DatabaseSync(source, { timeout: 60_000 });
  try {
    database.prepare('VACUUM INTO ?').run(target);
  } catch (error) {
    throw translateError(error);
  } finally {
    database.close();
  }
  await using file = await open(target, 'r+');
  await file.sync();
}

/** What is wrong with the file as a database; empty when nothing is. */
export function checkSqlite(file: string): string[] {
  try {
    // As it lies: SQLite must not put files of its own beside it.
    const place = pathToFileURL(file);
    place.searchParams.set('immutable', '1');
    const database = new DatabaseSync(place, { readOnly: true });
    try {
      const rows = database.prepare('PRAGMA integrity_check(20)').all() as { integrity_check: string }[];
      return rows.map((row) => row.integrity_check).filter((text) => text !== 'ok');
    } finally {
      database.close();
    }
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
