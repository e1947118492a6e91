/** The table of the database tests. */
import type { Migration } from '../../../src/db/migrate.ts';

export const noteMigrations: readonly Migration[] = [
  {
    id: 1,
    name: 'notes',
    statements: ['CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, bytes BLOB) STRICT'],
  },
];
