/** A copy of the database that is only looked at: evidence must not change by being read. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { addDomain } from '../../src/accounts/domains.ts';
import { openSqlite, openSqliteCopy } from '../../src/db/sqlite.ts';
import { makeFolder } from '../support/folder.ts';

describe('SQLite: a copy that is only looked at', () => {
  it('is read whole and left as it is, also from a folder that cannot be written', async (t) => {
    const folder = makeFolder(t);
    const file = join(folder, 'pec.db');
    const live = openSqlite({ file });
    await live.transact((tx) => addDomain(tx, 'uno.test', 1));
    // While the other process has the file open, its last rows stand in the log beside it.
    const beside = openSqliteCopy(file);
    assert.equal((await beside.read((tx) => tx.all('SELECT name FROM domain'))).length, 1);
    await beside.close();
    await live.close();
    const digest = () => createHash('sha256').update(readFileSync(file)).digest('hex');
    const before = digest();
    chmodSync(folder, 0o500);
    const copy = openSqliteCopy(file);
    assert.equal((await copy.read((tx) => tx.all('SELECT name FROM domain'))).length, 1);
    await assert.rejects(copy.transact((tx) => addDomain(tx, 'due.test', 1)));
    await copy.close();
    chmodSync(folder, 0o700);
    assert.deepEqual([digest(), readdirSync(folder)], [before, ['pec.db']]);
  });

  it('is refused when it is missing, no database, or of an earlier version', (t) => {
    const folder = makeFolder(t);
    assert.throws(() => openSqliteCopy(join(folder, 'none.db')), { name: 'MailError' });
    writeFileSync(join(folder, 'x.db'), 'rubbish that is no database'.repeat(100));
    assert.throws(() => openSqliteCopy(join(folder, 'x.db')), { name: 'MailError' });
    const file = join(folder, 'old.db');
    const old = new DatabaseSync(file);
    old.close();
    assert.throws(() => openSqliteCopy(file), /earlier version|cannot be/);
  });
});
