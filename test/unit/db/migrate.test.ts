import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { type Migration, type MigrationConnection, migrate } from '../../../src/db/migrate.ts';
import { allMigrations } from '../../../src/db/migrations/all.ts';

const first: Migration = { id: 1, name: 'first', statements: ['CREATE TABLE a (id INTEGER) STRICT'] };
const second: Migration = {
  id: 2,
  name: 'second',
  statements: ['ALTER TABLE a ADD COLUMN b TEXT', 'CREATE TABLE c (id INTEGER) STRICT'],
};

function createConnection(): MigrationConnection & { tables(): string[] } {
  const database = new DatabaseSync(':memory:');
  const all = <T>(sql: string): T[] => database.prepare(sql).all() as T[];
  return {
    all,
    run: (sql, values = []) => database.prepare(sql).run(...values),
    tables: () =>
      all<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").map(
        ({ name }) => name,
      ),
  };
}

test('a new store gets all, an old one what it lacks, an up-to-date one nothing', () => {
  const connection = createConnection();
  assert.equal(migrate(connection, [first], 1000), 1);
  assert.equal(migrate(connection, [first, second], 2000), 1);
  assert.equal(migrate(connection, [first, second], 3000), 0);
  assert.deepEqual(connection.tables(), ['a', 'c', 'schema_migration']);
  const recorded = connection.all<{ id: number; applied_at: number }>(
    'SELECT id, applied_at FROM schema_migration ORDER BY id',
  );
  assert.deepEqual(
    recorded.map((row) => [row.id, row.applied_at]),
    [
      [1, 1000],
      [2, 2000],
    ],
  );
});

test('a store of a newer program is refused with what to do', () => {
  const connection = createConnection();
  migrate(connection, [first, second], 0);
  assert.throws(() => migrate(connection, [first], 0), {
    kind: 'permanent',
    publicText:
      'The store has schema 2 (second) but this program knows schemas up to 1. ' +
      'Start the newer program that last used this store, or restore a backup from before the upgrade',
  });
});

test('a store whose steps were others is refused', () => {
  const connection = createConnection();
  migrate(connection, [first], 0);
  const other = { ...first, statements: ['CREATE TABLE z (id INTEGER) STRICT'] };
  assert.throws(() => migrate(connection, [other, second], 0), { kind: 'permanent' });
  assert.deepEqual(connection.tables(), ['a', 'schema_migration']);
});

test('white space in a migration does not count', () => {
  const connection = createConnection();
  migrate(connection, [first], 0);
  const reformatted = { ...first, statements: ['CREATE   TABLE a\n  (id INTEGER) STRICT'] };
  assert.equal(migrate(connection, [reformatted], 0), 0);
});

test('migrations out of order are a bug that stops everything', () => {
  assert.throws(() => migrate(createConnection(), [second], 0), /id 2 but stands at place 1/);
});

test('the program’s own migrations build a schema that SQLite finds sound', () => {
  const connection = createConnection();
  assert.equal(migrate(connection, allMigrations, 0), allMigrations.length);
  assert.deepEqual(connection.all('PRAGMA foreign_key_check'), []);
});

test('every column that holds the id of a content says so, and can be searched by it', () => {
  const connection = createConnection();
  migrate(connection, allMigrations, 0);
  const columns = connection.all<{ tbl: string; col: string; declared: number; indexed: number }>(
    `SELECT s.name AS tbl, c.name AS col,
        EXISTS (SELECT 1 FROM pragma_foreign_key_list(s.name) f WHERE f."from" = c.name AND f."table" = 'content')
          AS declared,
        (c.pk = 1 OR EXISTS (SELECT 1 FROM pragma_index_list(s.name) i JOIN pragma_index_info(i.name) x
                  WHERE x.seqno = 0 AND x.name = c.name)) AS indexed
       FROM sqlite_schema s JOIN pragma_table_info(s.name) c
      WHERE s.type = 'table' AND (c.name LIKE '%content_id' OR c.name = 'envelope_id')`,
  );
  assert.ok(columns.length >= 4);
  for (const { tbl, col, declared, indexed } of columns) {
    assert.equal(declared, 1, `${tbl}.${col} must be declared REFERENCES content (id)`);
    assert.equal(indexed, 1, `${tbl}.${col} needs an index`);
  }
});
