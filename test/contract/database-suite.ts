/** What every implementation of the rows seam must do. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ConstraintError, type Database, isUniqueViolation } from '../../src/db/database.ts';

/** Opens a store with a table `note (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, bytes BLOB)`. */
export type OpenDatabase = (t: TestContext) => Promise<Database>;

const insert = 'INSERT INTO note (id, text, bytes) VALUES (?, ?, ?)';

async function texts(db: Database): Promise<string[]> {
  const rows = await db.read((tx) => tx.all<{ text: string }>('SELECT text FROM note ORDER BY id'));
  return rows.map((row) => row.text);
}

export function testDatabase(name: string, open: OpenDatabase): void {
  test(`${name}: what is written is read, bytes and large numbers included`, async (t) => {
    const db = await open(t);
    const bytes = Uint8Array.of(0, 255, 10);
    await db.transact(async (tx) => {
      const { changes } = await tx.run(insert, 9_007_199_254_740_991, 'perché 🖂', bytes);
      assert.equal(changes, 1);
    });
    const row = await db.read((tx) =>
      tx.get<{ id: number; text: string; bytes: Uint8Array }>('SELECT * FROM note'),
    );
    assert.equal(row?.id, 9_007_199_254_740_991);
    assert.equal(row?.text, 'perché 🖂');
    assert.deepEqual(Uint8Array.from(row?.bytes ?? []), bytes);
    assert.equal(await db.read((tx) => tx.get('SELECT id FROM note WHERE id = 1')), undefined);
  });

  test(`${name}: RETURNING gives the row, and a transaction sees what it wrote`, async (t) => {
    const db = await open(t);
    const id = await db.transact(async (tx) => {
      const row = await tx.get<{ id: number }>(`${insert} RETURNING id`, 7, 'seven', null);
      const count = await tx.get<{ n: number }>('SELECT COUNT(*) AS n FROM note');
      assert.equal(count?.n, 1);
      return row?.id;
    });
    assert.equal(id, 7);
  });

  test(`${name}: a throw undoes the whole transaction and is passed on`, async (t) => {
    const db = await open(t);
    const mine = new Error('mine');
    const failing = db.transact(async (tx) => {
      await tx.run(insert, 1, 'a', null);
      await tx.run(insert, 2, 'b', null);
      throw mine;
    });
    await assert.rejects(failing, (error) => error === mine);
    assert.deepEqual(await texts(db), []);
  });

  test(`${name}: the failure of one does not touch its neighbours`, async (t) => {
    const db = await open(t);
    const settled = await Promise.allSettled(
      [1, 2, 3, 4, 5].map((id) =>
        db.transact(async (tx) => {
          await tx.run(insert, id, `note ${id}`, null);
          if (id % 2 === 0) throw new Error(`no ${id}`);
          return id;
        }),
      ),
    );
    assert.deepEqual(
      settled.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'],
    );
    assert.deepEqual(await texts(db), ['note 1', 'note 3', 'note 5']);
  });

  test(`${name}: a constraint says which it is, and the transaction may go on after catching it`, async (t) => {
    const db = await open(t);
    await db.transact(async (tx) => {
      await tx.run(insert, 1, 'same', null);
      await assert.rejects(tx.run(insert, 2, 'same', null), (error) => isUniqueViolation(error));
      await assert.rejects(
        tx.run(insert, 3, null, null),
        (error) => error instanceof ConstraintError && error.constraint === 'not-null',
      );
      await tx.run(insert, 4, 'other', null);
    });
    assert.deepEqual(await texts(db), ['same', 'other']);
  });

  test(`${name}: transactions that read and write do not overtake each other`, async (t) => {
    const db = await open(t);
    await db.transact((tx) => tx.run(insert, 0, '0', null));
    const increment = () =>
      db.transact(async (tx) => {
        const row = await tx.get<{ text: string }>('SELECT text FROM note WHERE id = 0');
        await tx.run('UPDATE note SET text = ? WHERE id = 0', `${Number(row?.text) + 1}`);
      });
    await Promise.all(Array.from({ length: 200 }, increment));
    assert.deepEqual(await texts(db), ['200']);
  });

  test(`${name}: a read keeps its snapshot while others write`, async (t) => {
    const db = await open(t);
    await db.transact((tx) => tx.run(insert, 1, 'before', null));
    const seen = await db.read(async (tx) => {
      const first = await tx.all('SELECT text FROM note');
      // Against the rule of the seam, to have a write in the middle of the read.
      await db.transact((other) => other.run(insert, 2, 'meanwhile', null));
      const second = await tx.all('SELECT text FROM note');
      return [first.length, second.length];
    });
    assert.deepEqual(seen, [1, 1]);
    assert.deepEqual(await texts(db), ['before', 'meanwhile']);
  });

  test(`${name}: more reads at once than there are connections`, async (t) => {
    const db = await open(t);
    await db.transact((tx) => tx.run(insert, 1, 'a', null));
    const reads = Array.from({ length: 50 }, () =>
      db.read((tx) => tx.get<{ text: string }>('SELECT text FROM note')),
    );
    assert.equal((await Promise.all(reads)).filter((row) => row?.text === 'a').length, 50);
  });

  test(`${name}: a read cannot write`, async (t) => {
    const db = await open(t);
    await assert.rejects(db.read((tx) => tx.get(`${insert} RETURNING id`, 1, 'a', null)));
    assert.deepEqual(await texts(db), []);
  });

  test(`${name}: afterCommit runs once after the commit, never after a rollback`, async (t) => {
    const db = await open(t);
    const heard: string[] = [];
    await db.transact(async (tx) => {
      tx.afterCommit(() => heard.push('committed'));
      await tx.run(insert, 1, 'a', null);
      assert.deepEqual(heard, []);
    });
    await assert.rejects(
      db.transact(async (tx) => {
        tx.afterCommit(() => heard.push('rolled back'));
        throw new Error('no');
      }),
    );
    assert.deepEqual(heard, ['committed']);
  });

  test(`${name}: notices reach the listeners of their topic after the commit, until they stop`, async (t) => {
    const db = await open(t);
    const heard: (string | undefined)[] = [];
    const stop = db.listen('post', (payload) => heard.push(payload));
    const tell = (topic: string, payload: string) =>
      db.transact(async (tx) => {
        tx.notify(topic, payload);
      });
    await tell('post', 'one');
    await tell('other', 'not for us');
    await assert.rejects(
      db.transact(async (tx) => {
        tx.notify('post', 'undone');
        throw new Error('no');
      }),
    );
    stop();
    await tell('post', 'too late');
    assert.deepEqual(heard, ['one']);
  });

  test(`${name}: a transaction inside a transaction is refused at once`, async (t) => {
    const db = await open(t);
    await db.transact(async (tx) => {
      await assert.rejects(
        db.transact((inner) => inner.run(insert, 1, 'inner', null)),
        /inside a transaction/,
      );
      await tx.run(insert, 2, 'outer', null);
    });
    assert.deepEqual(await texts(db), ['outer']);
  });

  test(`${name}: a read inside a read is refused at once, one inside a transaction sees what was committed`, async (t) => {
    const db = await open(t);
    await db.read(async () => {
      await assert.rejects(
        db.read((tx) => tx.all('SELECT 1')),
        /inside a read/,
      );
    });
    await db.transact(async (tx) => {
      await tx.run(insert, 1, 'not yet', null);
      assert.deepEqual(await texts(db), []);
    });
    assert.deepEqual(await texts(db), ['not yet']);
  });

  test(`${name}: a handle is dead once its function has ended`, async (t) => {
    const db = await open(t);
    const kept = await db.transact(async (tx) => tx);
    await assert.rejects(kept.run(insert, 1, 'late', null), /over/);
    assert.deepEqual(await texts(db), []);
  });

  test(`${name}: close waits for what is under way and refuses what comes later`, async (t) => {
    const db = await open(t);
    const writes = Promise.all([1, 2, 3].map((id) => db.transact((tx) => tx.run(insert, id, `${id}`, null))));
    await db.close();
    assert.equal((await writes).length, 3);
    await assert.rejects(
      db.transact((tx) => tx.run(insert, 4, '4', null)),
      { kind: 'temporary' },
    );
    await assert.rejects(
      db.read((tx) => tx.all('SELECT 1')),
      { kind: 'temporary' },
    );
  });
}
