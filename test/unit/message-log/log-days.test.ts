import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { Database } from '../../../src/db/database.ts';
import { allMigrations } from '../../../src/db/migrations/all.ts';
import { openSqlite } from '../../../src/db/sqlite.ts';
import { appendEvent } from '../../../src/message-log/append.ts';
import { type LogSearch, searchEvents, walkEvents } from '../../../src/message-log/search.ts';
import { makeFolder } from '../../support/folder.ts';
import { makeFacts, makeLocalMessage } from '../../support/log-events.ts';
import { dayMs, firstDay, openSealedLog, sealDays, writeMessages } from '../../support/sealed-log.ts';
import { openStore, testEpoch } from '../../support/store.ts';
import { findingsOf } from './verify/tampered-log.ts';

const logTables = ['message_log_facts', 'message_log', 'message_log_address', 'log_seal', 'log_seal_stamp'];
const laidOutByDay = 27;

/** A store as the program before the layout by day left it, with the log of another. */
function openEarlierStore(file: string, source: string): void {
  const migrations = allMigrations.slice(0, laidOutByDay - 1);
  void openSqlite({ file, migrations, readers: 0 }).close();
  const earlier = new DatabaseSync(file);
  earlier.prepare('ATTACH ? AS source').run(source);
  for (const table of logTables) {
    const columns = earlier
      .prepare('SELECT name FROM pragma_table_info(?)')
      .all(table)
      .map(({ name }) => name)
      .join(', ');
    earlier.exec(`INSERT INTO main.${table} (${columns}) SELECT ${columns} FROM source.${table}`);
  }
  earlier.close();
}

const someName = `m${firstDay}x2`;
const otherName = `m${firstDay + dayMs}x1`;
const searches: LogSearch[] = [
  { identificativo: makeFacts(someName).identificativo },
  { msgid: makeFacts(otherName).msgid ?? '' },
  { sender: 'mario.rossi@alfa.test' },
  {
    recipient: 'anna.bianchi@alfa.test',
    from: firstDay + dayMs - 3_600_000,
    to: firstDay + dayMs + 3_600_000,
  },
  { mailbox: 'nessuno@alfa.test' },
];

async function askAll(db: Database): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const search of searches)
    answers.push(await Array.fromAsync(walkEvents((fn) => db.read(fn), search, 5)));
  return answers;
}

const schemaOf = (file: string) => {
  const opened = new DatabaseSync(file);
  const rows = opened.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name').all();
  opened.close();
  return rows.map(({ type, name, sql }) => `${type} ${name} ${sql}`);
};

test('a store of before is brought up to date whole, or stays as it was, and answers as it did', async (t) => {
  const log = openSealedLog(t);
  await sealDays(log, 3);
  await writeMessages(log, { at: firstDay + 3 * dayMs, count: 2 });
  const expected = await askAll(log.db);
  assert.ok(expected.slice(0, 4).every((found) => Array.isArray(found) && found.length > 0));
  await log.db.close();
  const folder = makeFolder(t);
  const file = join(folder, 'pec.db');
  openEarlierStore(file, log.file);
  const before = schemaOf(file);
  const broken = { id: allMigrations.length + 1, name: 'broken', statements: ['NONSENSE'] };
  assert.throws(() => openSqlite({ file, migrations: [...allMigrations, broken] }));
  assert.deepEqual(schemaOf(file), before);

  const db = openSqlite({ file });
  t.after(() => db.close());
  assert.deepEqual(await askAll(db), expected);
  // The new entries of a message of before find its facts, and are found with it.
  const again = makeLocalMessage(someName, firstDay + 3 * dayMs + 1000)[2];
  assert.ok(again !== undefined);
  await db.transact((tx) => appendEvent(tx, again));
  const count = await db.read((tx) => tx.get<{ n: number }>('SELECT COUNT(*) AS n FROM message_log_facts'));
  assert.equal(count?.n, 11);
  const found = await db.read((tx) =>
    searchEvents(tx, { msgid: makeFacts(someName).msgid ?? '' }, { limit: 10 }),
  );
  assert.equal(found.length, 4);
});

test('a migrated log passes every check', async (t) => {
  const log = openSealedLog(t);
  await sealDays(log, 2);
  await log.db.close();
  const earlier = join(makeFolder(t), 'pec.db');
  openEarlierStore(earlier, log.file);
  const folder = log.folder;
  const db = openSqlite({ file: earlier });
  t.after(() => db.close());
  assert.deepEqual(await findingsOf({ ...log, db, folder, file: earlier }), []);
});

test('what an address is about is found over many days, page by page, in order', async (t) => {
  const { db } = openStore(t);
  const days = 120;
  const event = makeLocalMessage('x', 0)[1];
  assert.ok(event !== undefined);
  await db.transact(async (tx) => {
    for (let day = 0; day < days; day += 1)
      for (const hour of [1, 23])
        await appendEvent(tx, { ...event, at: testEpoch + day * dayMs + hour * 3_600_000 });
  });
  const search = { recipient: 'anna.bianchi@alfa.test' };
  for (const size of [1, 7, 100, 1000]) {
    const found = await Array.fromAsync(walkEvents((fn) => db.read(fn), search, size));
    assert.deepEqual(
      found.map(({ seq }) => seq),
      Array.from({ length: days * 2 }, (_, index) => index + 1),
    );
  }
  const some = { ...search, from: testEpoch + 60 * dayMs, to: testEpoch + 62 * dayMs };
  const found = await db.read((tx) => searchEvents(tx, some, { limit: 1000 }));
  assert.deepEqual(
    found.map(({ seq }) => seq),
    [121, 122, 123, 124],
  );
});
