/** The kernel refuses to let files grow: a temporary error outside, nothing half-written inside. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { addDomain } from '../../src/accounts/domains.ts';
import { insertMailbox } from '../../src/accounts/mailboxes.ts';
import { MemoryBlobStore } from '../../src/blob/memory.ts';
import { openSqlite } from '../../src/db/sqlite.ts';
import { createMailStore } from '../../src/mailbox/store.ts';
import { makeFolder } from '../support/folder.ts';
import { checkContents, checkCounters, numbers } from './store-checks.ts';

test('when no file can grow, appends are refused for now, the store stays whole and goes on later', async (t) => {
  const folder = makeFolder(t);
  const file = join(folder, 'store.db');
  const first = openSqlite({ file });
  const mailbox = await first.transact(async (tx) => {
    await addDomain(tx, 'esempio.it', 0);
    return insertMailbox(tx, { address: 'a@esempio.it', quotaBytes: 1e12 }, 0);
  });
  await first.close();

  const program = join(import.meta.dirname, 'programs/full-disk-writer.ts');
  // In blocks of 512 or 1024 bytes, as the shell has it: one or two million bytes a file.
  const limited = `ulimit -f 2000 && exec "$0" "$@"`;
  const child = spawn('sh', ['-c', limited, process.execPath, program, folder, `${mailbox.id}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  const [code] = await once(child, 'close');
  assert.equal(code, 0);
  const outcomes = Buffer.concat(output).toString().trim().split('\n');
  const kinds = new Set(outcomes);
  assert.deepEqual([...kinds].sort(), [
    '20000 stored',
    '20000 temporary 451 4.3.0',
    '3000000 temporary 452 4.3.1',
  ]);

  const db = openSqlite({ file });
  t.after(() => db.close());
  assert.deepEqual(await numbers(db, 'SELECT COUNT(*) FROM message'), [
    outcomes.filter((outcome) => outcome.endsWith('stored')).length,
  ]);
  await checkCounters(db);
  await checkContents(db, folder);
  assert.deepEqual(readdirSync(join(folder, 'blobs', 'tmp')), []);
  const store = createMailStore({ db, blobs: new MemoryBlobStore(), clock: Date.now });
  const inbox = await store.findFolder(mailbox.id, 'INBOX');
  const message = { content: [Buffer.from('later')], flags: [], internalDate: 0 };
  assert.equal((await store.append(inbox?.id ?? 0, [message])).uids.length, 1);
});
