/**
 * Another process on the same database file.
 * `hold <ms>`: one transaction that keeps the write lock so long. `insert <first id> <count>`: one after the
 * other. `pairs <first id>`: pairs of notes for ever, each told when it is answered. `rests <first id>`: the same with
 * large notes and a rest after each, every third time until SQLite's log is empty.
 */
import { statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { openSqlite } from '../../../src/db/sqlite.ts';
import { noteMigrations } from './note-schema.ts';

const [file = '', mode, first = '0', second = '0'] = process.argv.slice(2);
const insert = 'INSERT INTO note (id, text, bytes) VALUES (?, ?, ?)';
const rests = mode === 'rests';
const db = openSqlite({
  file,
  migrations: noteMigrations,
  limits: { idleMs: 120_000 },
  ...(rests && { quietMs: 1 }),
});

async function rest(turn: number): Promise<void> {
  await pause(turn % 5);
  while (turn % 3 === 0 && statSync(`${file}-wal`).size > 0) await pause(1);
}

if (mode === 'hold') {
  await db.transact(async (tx) => {
    await tx.run(insert, 1_000_000, 'held', null);
    console.log('holding');
    await new Promise((resolve) => setTimeout(resolve, Number(first)));
  });
  console.log('released');
} else if (mode === 'insert') {
  for (let id = Number(first); id < Number(first) + Number(second); id += 1) {
    await db.transact((tx) => tx.run(insert, id, `${id}`, null));
    if (id === Number(first)) console.log('begun');
  }
} else {
  for (let id = Number(first); ; id += 2) {
    const answered = [0, 1].map((offset) => id + offset);
    await db.transact(async (tx) => {
      for (const note of answered)
        await tx.run(insert, note, `${note}`, new Uint8Array(rests ? 600_000 : 5000));
    });
    console.log(id);
    if (rests) await rest(id / 2);
  }
}
await db.close();
