/** One stream whatever writes it: processes that append to it at the same time never continue it twice. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openSqlite } from '../../src/db/sqlite.ts';
import { chainStart, checkChain } from '../../src/message-log/check-chain.ts';
import { makeFolder } from '../support/folder.ts';
import { startProgram } from '../support/programs.ts';

const writer = join(import.meta.dirname, 'programs/log-writer.ts');

test('three processes that append to one stream leave one chain without gaps', async (t) => {
  const file = join(makeFolder(t), 'pec.db');
  const db = openSqlite({ file });
  t.after(() => db.close());
  const programs = ['a', 'b', 'c'].map((name) => startProgram(writer, [file, name, '40']));
  assert.deepEqual(await Promise.all(programs.map(({ ended }) => ended)), [0, 0, 0]);
  const state = await db.read((tx) => checkChain(tx, 'n1', chainStart, 1000));
  assert.deepEqual([state.seq, state.problems], [3 * 40 * 3, []]);
  const rows = await db.read((tx) =>
    tx.all<{ name: string }>(
      `SELECT DISTINCT substr(msgid, 2, 1) AS name FROM message_log WHERE seq > 20 AND seq <= 300`,
    ),
  );
  assert.ok(rows.length > 1, 'they did write at the same time');
});
