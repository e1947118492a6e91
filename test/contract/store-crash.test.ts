/** A process at work on the whole store is killed; what it leaves is whole, and what it answered is there. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { addDomain } from '../../src/accounts/domains.ts';
import { insertMailbox } from '../../src/accounts/mailboxes.ts';
import { openFsBlobStore } from '../../src/blob/fs.ts';
import { createSweeper } from '../../src/content/sweep.ts';
import { openSqlite } from '../../src/db/sqlite.ts';
import { chainStart, checkChain } from '../../src/message-log/check-chain.ts';
import { makeFolder } from '../support/folder.ts';
import { nextLine, startProgram } from '../support/programs.ts';
import { checkContents, checkCounters, numbers } from './store-checks.ts';

test('killed at any moment: rows and bytes agree, counters are right, answered deliveries are there', async (t) => {
  const folder = makeFolder(t);
  const first = openSqlite({ file: join(folder, 'store.db') });
  const mailbox = await first.transact(async (tx) => {
    await addDomain(tx, 'esempio.it', 0);
    return insertMailbox(tx, { address: 'a@esempio.it', quotaBytes: 1e12 }, 0);
  });
  await first.close();
  const answered: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    const writer = startProgram(join(import.meta.dirname, 'programs/store-writer.ts'), [
      folder,
      `${mailbox.id}`,
      `${round}`,
    ]);
    for (let line = 0; line < 15 + 4 * round; line += 1) answered.push(await nextLine(writer));
    writer.child.kill('SIGKILL');
    await writer.ended;

    const db = openSqlite({ file: join(folder, 'store.db') });
    assert.deepEqual(await db.read((tx) => tx.all('PRAGMA foreign_key_check')), []);
    await checkCounters(db);
    await checkContents(db, folder);
    const chain = await db.read((tx) => checkChain(tx, 'n1', chainStart, 100_000));
    assert.deepEqual(chain.problems, []);
    const [archived] = await numbers(db, `SELECT messages FROM folder WHERE name = 'Archive'`);
    assert.equal(archived, chain.seq, 'a delivery and its log entry stand or fall together');
    const logged = new Set(
      (await db.read((tx) => tx.all<{ id: string }>('SELECT identificativo AS id FROM message_log'))).map(
        ({ id }) => id,
      ),
    );
    for (const name of answered) assert.ok(logged.has(name), `${name} was answered`);
    await db.close();
  }
});

test('what a killed process left is swept, what is in use is not', async (t) => {
  const folder = makeFolder(t);
  const db = openSqlite({ file: join(folder, 'store.db') });
  t.after(() => db.close());
  const mailbox = await db.transact(async (tx) => {
    await addDomain(tx, 'esempio.it', 0);
    return insertMailbox(tx, { address: 'a@esempio.it', quotaBytes: 1e12 }, 0);
  });
  const writer = startProgram(join(import.meta.dirname, 'programs/store-writer.ts'), [
    folder,
    `${mailbox.id}`,
    'x',
  ]);
  for (let line = 0; line < 20; line += 1) await nextLine(writer);
  writer.child.kill('SIGKILL');
  await writer.ended;
  const blobs = await openFsBlobStore({ folder: join(folder, 'blobs') });
  const day = 86_400_000;
  let days = 1;
  const sweeper = createSweeper({ db, blobs, clock: () => Date.now() + days * day });
  for (; days < 4; days += 1) {
    await sweeper.findOrphans();
    await sweeper.sweep();
  }
  await checkContents(db, folder);
  const used = await db.read((tx) => tx.all<{ blob: string }>('SELECT DISTINCT blob FROM content_blob'));
  const stored: string[] = [];
  for await (const { blob } of blobs.list()) stored.push(blob);
  assert.deepEqual(stored.sort(), used.map(({ blob }) => blob).sort());
  assert.deepEqual(
    await numbers(db, 'SELECT id FROM content WHERE id NOT IN (SELECT content_id FROM message)'),
    [],
  );
});
