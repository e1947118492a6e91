/**
 * One connection to a SQLite file: how it is opened, and its pragmas. Calls are synchronous, a few microseconds each;
 * only a commit waits for the disk.
 */
import { closeSync, existsSync, openSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { isBusy, storeFailure, translateError } from './sqlite-errors.ts';
import { SqliteStatements } from './sqlite-statements.ts';

/** Pages in the log from which on the writer does what other checkpoints left: 32 MB. */
const logPages = 8192;

export interface ConnectionOptions {
  readonly file: string;
  /**
   * A `viewer` changes nothing, not even beside the file: for backups and evidence. `checkpoint`: takes pages from the
   * log into the file, and nothing else.
   */
  readonly role: 'writer' | 'reader' | 'viewer' | 'checkpoint';
}

export class SqliteConnection extends SqliteStatements {
  /** @throws {MailError} `temporary` when the file cannot be opened or stays locked. */
  constructor(options: ConnectionOptions) {
    super(openDatabase(options));
  }

  /** False when another connection holds the write lock. */
  tryBegin(): boolean {
    try {
      this.prepare('BEGIN IMMEDIATE').run();
      return true;
    } catch (error) {
      if (isBusy(error)) return false;
      throw translateError(error);
    }
  }

  /** Changes when a connection other than this one has committed. */
  version(): number {
    return this.get<{ data_version: number }>('PRAGMA data_version')?.data_version ?? 0;
  }
}

/**
 * Waits for the lock while opening: changing to WAL and recovery after a crash need the file alone. Later a
 * writer never blocks in SQLite (it comes again from the event loop), a reader at most for a recovery.
 */
function openDatabase({ file, role }: ConnectionOptions): DatabaseSync {
  const attempts = 200;
  for (let attempt = 1; ; attempt += 1) {
    let database: DatabaseSync | undefined;
    try {
      if (role === 'viewer') return viewDatabase(file);
      createPrivate(file);
      database = new DatabaseSync(file, { timeout: 2000, enableForeignKeyConstraints: true });
      database.exec(pragmas(role));
      return database;
    } catch (error) {
      database?.close();
      if (!isBusy(error) || attempt === attempts) throw translateError(error);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    }
  }
}

/**
 * Without a log of SQLite's own beside it the file is whole by itself and is taken as it lies, from a medium that
 * cannot be written too; with one, SQLite must read both.
 */
function viewDatabase(file: string): DatabaseSync {
  const place = pathToFileURL(file);
  const hasLog = existsSync(`${file}-wal`) && statSync(`${file}-wal`).size > 0;
  if (!hasLog) place.searchParams.set('immutable', '1');
  const database = new DatabaseSync(place, { readOnly: true, timeout: 2000 });
  database.exec('PRAGMA cache_size = -16384');
  return database;
}

/**
 * Makes the file for its owner only, if it is not there; SQLite gives the files beside it the same rights. One
 * that is there is not even opened: closing it again would drop the locks SQLite holds in this process.
 */
function createPrivate(file: string): void {
  if (file === ':memory:' || existsSync(file)) return;
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw storeFailure('cannot be made', error);
  }
}

function pragmas(role: 'writer' | 'reader' | 'checkpoint'): string {
  const common = [
    'PRAGMA journal_mode = WAL',
    // In WAL mode FULL, not NORMAL, is what makes a commit durable when the power fails.
    'PRAGMA synchronous = FULL',
    // On macOS only this reaches the disk itself; elsewhere it changes nothing.
    'PRAGMA fullfsync = ON',
    'PRAGMA checkpoint_fullfsync = ON',
    'PRAGMA temp_store = MEMORY',
    // REPLACE deletes rows: without this the triggers that guard the message log would not see it.
    'PRAGMA recursive_triggers = ON',
    'PRAGMA journal_size_limit = 67108864',
  ];
  const own = {
    writer: ['cache_size = -65536', 'busy_timeout = 0', `wal_autocheckpoint = ${logPages}`],
    reader: ['cache_size = -16384', 'query_only = ON'],
    checkpoint: ['cache_size = -256', 'busy_timeout = 0'],
  };
  return `${[...common, ...own[role].map((setting) => `PRAGMA ${setting}`)].join('; ')};`;
}
