/** The rows seam on SQLite, with what only a file shared by processes can show. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '../../src/db/database.ts';
import { createFailingDatabase } from '../../src/db/fail.ts';
import { openSqlite, type SqliteOptions } from '../../src/db/sqlite.ts';
import { makeFolder } from '../support/folder.ts';
import { nextLine, startProgram } from '../support/programs.ts';
import { testDatabase } from './database-suite.ts';
import { noteMigrations } from './programs/note-schema.ts';

const insert = 'INSERT INTO note (id, text, bytes) VALUES (?, ?, ?)';
const writer = join(import.meta.dirname, 'programs/database-writer.ts');

function openNotes(t: TestContext, folder: string, options: Partial<SqliteOptions> = {}): Database {
  const db = openSqlite({ file: join(folder, 'notes.db'), migrations: noteMigrations, ...options });
  t.after(() => db.close());
  return db;
}

async function count(db: Database): Promise<number> {
  const row = await db.read((tx) => tx.get<{ n: number }>('SELECT COUNT(*) AS n FROM note'));
  return row?.n ?? -1;
}

testDatabase('sqlite', async (t) => openNotes(t, makeFolder(t)));
testDatabase('sqlite, flushed beside', async (t) => openNotes(t, makeFolder(t), { flush: 'beside' }));
testDatabase('failing double, healthy', async (t) => createFailingDatabase(openNotes(t, makeFolder(t))));

test('sqlite: an opened store keeps what was committed', async (t) => {
  const folder = makeFolder(t);
  const first = openNotes(t, folder);
  await first.transact((tx) => tx.run(insert, 1, 'kept', null));
  await first.close();
  assert.equal(await count(openNotes(t, folder)), 1);
});

test('sqlite: the files are for their owner only', async (t) => {
  const folder = makeFolder(t);
  const db = openNotes(t, folder);
  await db.transact((tx) => tx.run(insert, 1, 'private', null));
  const files = readdirSync(folder);
  assert.ok(files.length > 1, 'the log of changes stands beside the file');
  for (const file of files) assert.equal(statSync(join(folder, file)).mode & 0o077, 0, file);
});

test('sqlite: a folder that is not there is a temporary error that says nothing outside', () => {
  assert.throws(() => openSqlite({ file: '/nowhere/at/all.db' }), {
    kind: 'temporary',
    publicText: 'The mail store cannot do this now; try again in a few minutes',
  });
});

test('sqlite: an up-to-date store opens while another process writes', async (t) => {
  const folder = makeFolder(t);
  openNotes(t, folder);
  const other = startProgram(writer, [join(folder, 'notes.db'), 'hold', '60000']);
  assert.equal(await nextLine(other), 'holding');
  assert.equal(await count(openNotes(t, folder)), 0);
  other.child.kill('SIGKILL');
  await other.ended;
});

test('sqlite: several processes that make one store at the same time all succeed', async (t) => {
  const folder = makeFolder(t);
  const file = join(folder, 'notes.db');
  const programs = [1, 2, 3].map((n) => startProgram(writer, [file, 'insert', `${n * 100}`, '5']));
  assert.deepEqual(await Promise.all(programs.map(({ ended }) => ended)), [0, 0, 0]);
  assert.equal(await count(openNotes(t, folder)), 15);
});

test('sqlite: a full disk is a temporary error, nothing of the transaction stays, and it heals', async (t) => {
  const db = openNotes(t, makeFolder(t));
  await db.transact((tx) => tx.run(insert, 1, 'before', null));
  await db.transact((tx) => tx.run('PRAGMA max_page_count = 40'));
  const big = db.transact(async (tx) => {
    await tx.run(insert, 2, 'small', null);
    await tx.run(insert, 3, 'large', new Uint8Array(1_000_000));
  });
  await assert.rejects(big, { kind: 'temporary', smtp: { code: 451, enhanced: '4.3.0' } });
  assert.equal(await count(db), 1);
  await db.transact((tx) => tx.run('PRAGMA max_page_count = 100000'));
  await db.transact((tx) => tx.run(insert, 3, 'large', new Uint8Array(1_000_000)));
  assert.equal(await count(db), 2);
});

test('sqlite: a transaction that swallows a full disk still does not commit half', async (t) => {
  const db = openNotes(t, makeFolder(t));
  await db.transact((tx) => tx.run('PRAGMA max_page_count = 40'));
  const swallowing = db.transact(async (tx) => {
    await tx.run(insert, 1, 'before', null);
    await tx.run(insert, 2, 'large', new Uint8Array(1_000_000)).catch(() => undefined);
    await tx.run(insert, 3, 'after', null);
  });
  await assert.rejects(swallowing, { kind: 'temporary' });
  assert.equal(await count(db), 0);
});

test('sqlite: another process that writes for long means waiting, not an error', async (t) => {
  const folder = makeFolder(t);
  const db = openNotes(t, folder);
  const other = startProgram(writer, [join(folder, 'notes.db'), 'hold', '300']);
  assert.equal(await nextLine(other), 'holding');
  let turns = 0;
  const turning = setInterval(() => {
    turns += 1;
  }, 5);
  await db.transact((tx) => tx.run(insert, 1, 'ours', null));
  clearInterval(turning);
  assert.ok(turns > 0, 'the event loop must go on while the transaction waits');
  assert.equal(await nextLine(other), 'released');
  assert.equal(await other.ended, 0);
  assert.equal(await count(db), 2);
});

test('sqlite: a lock that never ends is a temporary error', async (t) => {
  const folder = makeFolder(t);
  const db = openNotes(t, folder, { limits: { lockWaitMs: 30 } });
  const other = startProgram(writer, [join(folder, 'notes.db'), 'hold', '60000']);
  assert.equal(await nextLine(other), 'holding');
  await assert.rejects(
    db.transact((tx) => tx.run(insert, 1, 'ours', null)),
    { kind: 'temporary', smtp: { code: 451, enhanced: '4.3.0' } },
  );
  assert.equal(await count(db), 0, 'reading goes on');
  other.child.kill('SIGKILL');
  await other.ended;
  await db.transact((tx) => tx.run(insert, 1, 'ours', null));
});

test('sqlite: listeners learn that another process wrote', async (t) => {
  const folder = makeFolder(t);
  const db = openNotes(t, folder, { pollMs: 10 });
  await db.transact((tx) => tx.run(insert, 1, 'ours', null));
  const heard = new Promise((resolve) => {
    t.after(db.listen('post', resolve));
  });
  const other = startProgram(writer, [join(folder, 'notes.db'), 'hold', '0']);
  assert.equal(await heard, undefined);
  assert.equal(await other.ended, 0);
});

test('sqlite: two processes that both write all the time both come through', async (t) => {
  const folder = makeFolder(t);
  const db = openNotes(t, folder);
  const other = startProgram(writer, [join(folder, 'notes.db'), 'insert', '1000', '150']);
  await nextLine(other);
  for (let id = 1; id <= 150; id += 1) await db.transact((tx) => tx.run(insert, id, `${id}`, null));
  assert.equal(await other.ended, 0);
  assert.equal(await count(db), 300);
});

/** Bytes of SQLite's log beside the notes. */
function sizeOfLog(folder: string): number {
  return statSync(join(folder, 'notes.db-wal')).size;
}

async function waitForEmptyLog(folder: string): Promise<void> {
  for (let look = 0; sizeOfLog(folder) > 0; look += 1) {
    assert.ok(look < 10_000, 'the log is not emptied');
    await pause(2);
  }
}

/** Kills the writing process after so many answers, round by round; what it leaves must be whole. */
async function killWriters(
  t: TestContext,
  mode: 'pairs' | 'rests',
  rounds: readonly number[],
): Promise<void> {
  const folder = makeFolder(t);
  let answered = 0;
  for (const [round, lines] of rounds.entries()) {
    const other = startProgram(writer, [join(folder, 'notes.db'), mode, `${round * 10_000}`]);
    for (let line = 0; line < lines; line += 1) answered = Number(await nextLine(other));
    other.child.kill('SIGKILL');
    await other.ended;
    const db = openNotes(t, folder);
    const rows = await db.read((tx) => tx.all<{ id: number }>('SELECT id FROM note'));
    const ids = new Set(rows.map((row) => row.id));
    assert.ok(ids.has(answered), `pair ${answered} was answered`);
    for (const { id } of rows) assert.ok(ids.has(id ^ 1), `note ${id} stands without its other half`);
    assert.equal((await db.read((tx) => tx.all('PRAGMA foreign_key_check'))).length, 0);
    const found = await db.read((tx) => tx.get<{ quick_check: string }>('PRAGMA quick_check'));
    assert.equal(found?.quick_check, 'ok');
    await db.close();
  }
}

// In later rounds checkpoints are under way.
test('sqlite: killed at any moment, every answered transaction is there and no half one', (t) =>
  killWriters(t, 'pairs', [20, 110, 200, 290]));

test('sqlite: killed while its log is being emptied, every answered transaction is there and no half one', (t) =>
  killWriters(t, 'rests', [4, 8, 13]));

test('sqlite: a log that has grown is emptied when nothing is written, and what it held is there', async (t) => {
  const folder = makeFolder(t);
  const db = openNotes(t, folder, { quietMs: 5 });
  for (let round = 1; round <= 3; round += 1) {
    for (let id = 1; id <= 4; id += 1) {
      await db.transact((tx) => tx.run(insert, 10 * round + id, `${round} ${id}`, new Uint8Array(400_000)));
    }
    await waitForEmptyLog(folder);
    assert.ok(statSync(join(folder, 'notes.db')).size >= round * 1_600_000);
    assert.equal(await count(db), 4 * round);
  }
});

test('sqlite: who reads keeps the log, and it is emptied afterwards', async (t) => {
  const folder = makeFolder(t);
  const db = openNotes(t, folder, { quietMs: 2 });
  const write = (id: number) => db.transact((tx) => tx.run(insert, id, `${id}`, new Uint8Array(1_200_000)));
  await write(1);
  await db.read(async (tx) => {
    const seen = async () => (await tx.all<{ id: number }>('SELECT id FROM note')).map(({ id }) => id);
    assert.deepEqual(await seen(), [1]);
    await write(2);
    // Time for some tries, while others write and read.
    for (let id = 3; id < 30; id += 1) {
      await pause(3);
      await db.transact((other) => other.run(insert, id, `${id}`, null));
      assert.deepEqual(await seen(), [1]);
    }
    assert.ok(sizeOfLog(folder) > 1_200_000, 'what is read is not cut off');
  });
  await waitForEmptyLog(folder);
  assert.equal(await count(db), 29);
});

test('sqlite: what is committed reaches the file itself while others write, and the log stays small', async (t) => {
  const folder = makeFolder(t);
  const db = openNotes(t, folder);
  const size = (name: string) => statSync(join(folder, name)).size;
  const written = 600 * 4096;
  let id = 0;
  // Each writes a page of its own at least: fewer in all than those at which the writer would take them itself.
  while (id < 600 || (size('notes.db') < written && id < 4000)) {
    id += 1;
    await db.transact((tx) => tx.run(insert, id, `${id}`, new Uint8Array(4000)));
  }
  assert.ok(size('notes.db') >= written, 'the pages were taken from the log');
  await db.close();
  assert.ok(!existsSync(join(folder, 'notes.db-wal')), 'nothing else holds the file open');
  assert.equal(await count(openNotes(t, folder)), id);
});

test('sqlite: a transaction that waits for something else is given up and frees the others', async (t) => {
  const db = openNotes(t, makeFolder(t), { limits: { idleMs: 30 } });
  const never = db.transact(async (tx) => {
    await tx.run(insert, 1, 'stuck', null);
    await new Promise(() => undefined);
  });
  const next = db.transact((tx) => tx.run(insert, 2, 'next', null));
  await assert.rejects(never, /waited for something else/);
  await next;
  assert.equal(await count(db), 1);
});

test('sqlite: many statements in one transaction let the event loop turn', async (t) => {
  const db = openNotes(t, makeFolder(t));
  let turns = 0;
  const turning = setInterval(() => {
    turns += 1;
  }, 1);
  await db.transact(async (tx) => {
    const end = performance.now() + 60;
    for (let id = 1; performance.now() < end; id += 1) await tx.run(insert, id, `${id}`, null);
  });
  clearInterval(turning);
  assert.ok(turns >= 2, `${turns} turns`);
});

for (const point of ['lock', 'statement', 'commit'] as const) {
  test(`failing double: ${point} is temporary and leaves nothing`, async (t) => {
    const inner = openNotes(t, makeFolder(t));
    const db = createFailingDatabase(inner);
    db.failNext(point, { after: 1 });
    const write = () =>
      db.transact(async (tx) => {
        await tx.run(insert, 1, 'a', null);
        await tx.run(insert, 2, 'b', null);
      });
    await assert.rejects(write(), { kind: 'temporary', smtp: { code: 451, enhanced: '4.3.0' } });
    assert.equal(await count(inner), 0);
    await write();
    assert.equal(await count(inner), 2);
  });
}

test('sqlite: a damaged page fails each read that needs it, and takes no reader away', async (t) => {
  const folder = makeFolder(t);
  const file = join(folder, 'notes.db');
  const first = openNotes(t, folder);
  await first.transact((tx) => tx.run('CREATE INDEX note_text ON note (text)'));
  await first.transact((tx) => tx.run(insert, 1, 'one', null));
  const row = await first.read((tx) =>
    tx.get<{ page: number; size: number }>(
      `SELECT rootpage AS page, (SELECT page_size FROM pragma_page_size) AS size
         FROM sqlite_schema WHERE name = 'note_text'`,
    ),
  );
  await first.close();
  const bytes = readFileSync(file);
  const at = ((row?.page ?? 0) - 1) * (row?.size ?? 0);
  bytes[at] = (bytes[at] ?? 0) ^ 0x20;
  writeFileSync(file, bytes);
  const db = openNotes(t, folder, { readers: 2 });
  for (let count = 0; count < 5; count += 1)
    await assert.rejects(
      db.read((tx) => tx.all(`SELECT text FROM note INDEXED BY note_text WHERE text = 'one'`)),
      ({ cause }: Error) => cause instanceof Error && cause.message === 'the database is damaged',
    );
  await db.close();
});
