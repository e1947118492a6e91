/** SQLite's log flushed beside the event loop: what is answered, and what is read, stands on the disk by then. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '../../src/db/database.ts';
import { openSqlite } from '../../src/db/sqlite.ts';
import { makeFolder } from '../support/folder.ts';
import { noteMigrations } from './programs/note-schema.ts';

const insert = 'INSERT INTO note (id, text, bytes) VALUES (?, ?, ?)';

function openNotes(t: TestContext, folder: string): Database {
  const db = openSqlite({ file: join(folder, 'notes.db'), migrations: noteMigrations, flush: 'beside' });
  t.after(() => db.close());
  return db;
}

async function count(db: Database): Promise<number> {
  const row = await db.read((tx) => tx.get<{ n: number }>('SELECT COUNT(*) AS n FROM note'));
  return row?.n ?? -1;
}

/** Holds each flush of a log until it is let go, with an error or none. */
function holdFlushes(t: TestContext) {
  const held: ((error: Error | null) => void)[] = [];
  const hold = t.mock.method(fs, 'fdatasync', (_: number, done: (error: Error | null) => void) => {
    held.push(done);
  });
  syncBuiltinESMExports();
  t.after(() => {
    hold.mock.restore();
    syncBuiltinESMExports();
  });
  const untilHeld = async () => {
    while (held.length === 0) await pause(1);
  };
  const letGo = async (error: Error | null = null) => {
    await untilHeld();
    held.shift()?.(error);
  };
  return { untilHeld, letGo };
}

test('nothing is answered and nothing is read before the flush that goes on beside', async (t) => {
  const { untilHeld, letGo } = holdFlushes(t);
  const db = openNotes(t, makeFolder(t));
  const order: string[] = [];
  const written = db.transact(async (tx) => {
    await tx.run(insert, 1, 'a', null);
    tx.afterCommit(() => order.push('told'));
  });
  const answered = written.then(() => order.push('answered'));
  await untilHeld();
  const read = count(db).then((found) => order.push(`read ${found}`));
  const next = db.transact((tx) => tx.run(insert, 2, 'b', null)).then(() => order.push('next'));
  await pause(20);
  assert.deepEqual(order, []);
  await letGo();
  await Promise.all([answered, read]);
  assert.deepEqual(order.slice(0, 2), ['told', 'answered']);
  assert.equal(order[2], 'read 1', 'what is not durable yet is not seen');
  await letGo();
  await next;
  assert.equal(await count(db), 2);
});

test('a read that begins while a batch commits sees nothing that is not flushed', async (t) => {
  const { letGo } = holdFlushes(t);
  const db = openNotes(t, makeFolder(t));
  for (let turns = 0; turns < 24; turns += 1) {
    let flushed = false;
    const { promise: read, resolve } = Promise.withResolvers<unknown>();
    const readLater = async () => {
      for (let turn = 0; turn < turns; turn += 1) await undefined;
      const seen = await count(db);
      resolve(seen === turns || flushed);
    };
    const written = db.transact(async (tx) => {
      await tx.run(insert, turns, `${turns}`, null);
      void readLater();
    });
    await pause(2);
    flushed = true;
    await letGo();
    await written;
    assert.equal(await read, true, `seen before the flush, ${turns} turns after the last statement`);
  }
});

test('after a flush that failed nothing is taken, read or answered until it is opened anew', async (t) => {
  const { untilHeld, letGo } = holdFlushes(t);
  const folder = makeFolder(t);
  const db = openNotes(t, folder);
  const failed = { kind: 'temporary', smtp: { code: 451, enhanced: '4.3.0' } };
  const lost = assert.rejects(
    db.transact((tx) => tx.run(insert, 1, 'a', null)),
    failed,
  );
  await untilHeld();
  const read = assert.rejects(count(db), failed);
  await letGo(new Error('EIO'));
  await Promise.all([lost, read]);
  await assert.rejects(
    db.transact((tx) => tx.run(insert, 2, 'b', null)),
    failed,
  );
  await assert.rejects(count(db), failed);
  await db.close();
  assert.ok((await count(openNotes(t, folder))) <= 1, 'it may be there or not, as after a power cut');
});
