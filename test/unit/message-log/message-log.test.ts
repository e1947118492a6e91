import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { appendEvent, lastRow } from '../../../src/message-log/append.ts';
import { chainStart, checkChain } from '../../../src/message-log/check-chain.ts';
import { findEvents, listNodes, readStream } from '../../../src/message-log/find.ts';
import { type LogSearch, searchEvents } from '../../../src/message-log/search.ts';
import type { LogEvent } from '../../../src/pec/events.ts';
import { openStore, testEpoch } from '../../support/store.ts';

const facts = (identificativo: string, recipients = ['anna@altro.it', 'Bruno@altro.it']) => ({
  identificativo,
  msgid: `<${identificativo.slice(0, 3)}@client>`,
  sender: 'Mario@esempio.it',
  recipients: recipients.map((address) => ({ address, certified: true })),
  replyTo: 'mario@esempio.it',
  subject: 'perché no',
});

const accepted = (identificativo: string, at = testEpoch): LogEvent => ({
  type: 'accepted',
  at,
  facts: facts(identificativo),
  sendingProvider: 'Esempio S.p.A.',
  generated: [],
  login: 'mario',
  receiptKind: 'completa',
  size: 1234,
  originalSha256: 'ab'.repeat(32),
});

const delivered = (identificativo: string, recipient: string, at = testEpoch + 1): LogEvent => ({
  type: 'delivered',
  at,
  facts: facts(identificativo),
  sendingProvider: 'Esempio S.p.A.',
  generated: [],
  recipient,
  receiptKind: 'breve',
});

test('events come back as they were written, by either identifier, in order', async (t) => {
  const { db } = openStore(t);
  const events = [accepted('opec-1'), delivered('opec-1', 'anna@altro.it'), accepted('opec-2')];
  for (const event of events) await db.transact((tx) => appendEvent(tx, event));
  const found = await db.read((tx) => findEvents(tx, { identificativo: 'opec-1' }));
  assert.deepEqual(
    found.map(({ node, seq, event }) => ({ node, seq, event })),
    [
      { node: 'n1', seq: 1, event: events[0] },
      { node: 'n1', seq: 2, event: events[1] },
    ],
  );
  const byMsgid = await db.read((tx) => findEvents(tx, { msgid: '<ope@client>' }));
  assert.deepEqual(
    byMsgid.map(({ seq }) => seq),
    [1, 3, 2],
  );
  assert.deepEqual(await db.read((tx) => findEvents(tx, { identificativo: 'nessuno' })), []);
});

test('each node has its own numbers without gaps, also when transactions fail between', async (t) => {
  const { db } = openStore(t);
  const work = Array.from({ length: 40 }, (_, index) =>
    db
      .transact(async (tx) => {
        const { seq } = await appendEvent(tx, accepted(`opec-${index}`), index % 4 === 0 ? 'n2' : 'n1');
        if (index % 5 === 0) throw new Error('undone');
        return seq;
      })
      .catch(() => 0),
  );
  await Promise.all(work);
  assert.deepEqual(await db.read(listNodes), ['n1', 'n2']);
  for (const [node, count] of [
    ['n1', 24],
    ['n2', 8],
  ] as const) {
    const stream = await db.read((tx) => readStream(tx, { node, after: 0, limit: 100 }));
    assert.deepEqual(
      stream.map(({ seq }) => seq),
      Array.from({ length: count }, (_, index) => index + 1),
    );
    assert.equal((await db.read((tx) => lastRow(tx, node)))?.seq, count);
  }
});

test('a sender and a recipient find what concerns them, in order', async (t) => {
  const { db } = openStore(t);
  await db.transact(async (tx) => {
    await appendEvent(tx, accepted('opec-1', testEpoch));
    await appendEvent(tx, delivered('opec-1', 'Anna@altro.it', testEpoch + 10));
    await appendEvent(tx, delivered('opec-1', 'bruno@altro.it', testEpoch + 20));
  });
  const find = async (search: LogSearch) =>
    (await db.read((tx) => searchEvents(tx, search, { limit: 10 }))).map(({ seq }) => seq);
  assert.deepEqual(await find({ mailbox: 'MARIO@esempio.it' }), [1, 2, 3]);
  assert.deepEqual(await find({ recipient: 'anna@altro.it' }), [1, 2]);
  assert.deepEqual(await find({ mailbox: 'bruno@ALTRO.it' }), [1, 3]);
  assert.deepEqual(await find({ sender: 'anna@altro.it' }), []);
  const second = { from: testEpoch + 10, to: testEpoch + 20 };
  assert.deepEqual(await find({ sender: 'mario@esempio.it', ...second }), [2]);
  assert.deepEqual(await find({ mailbox: 'nessuno@altro.it' }), []);
});

test('the facts of one message stand once, however many events speak of it', async (t) => {
  const { db } = openStore(t);
  await db.transact(async (tx) => {
    for (let count = 0; count < 20; count += 1)
      await appendEvent(tx, delivered('opec-1', `r${count}@altro.it`));
  });
  const row = await db.read((tx) => tx.get<{ n: number }>('SELECT COUNT(*) AS n FROM message_log_facts'));
  assert.equal(row?.n, 1);
});

test('nothing in the log can be changed, removed, replaced, repeated or left out', async (t) => {
  const { db } = openStore(t);
  await db.transact(async (tx) => {
    await appendEvent(tx, accepted('opec-1'));
    await appendEvent(tx, accepted('opec-2'));
  });
  const copy = (change: string) =>
    `INTO message_log SELECT node, ${change}, at, type, identificativo, msgid, sender, subject, sending_provider,
       facts, generated, detail, prev_hash, hash FROM message_log WHERE seq = 1`;
  for (const sql of [
    `UPDATE message_log SET subject = 'x'`,
    `UPDATE message_log SET seq = 3 WHERE seq = 2`,
    `DELETE FROM message_log WHERE seq = 2`,
    `DELETE FROM message_log`,
    `INSERT OR REPLACE ${copy('seq')}`,
    `REPLACE ${copy('seq')}`,
    `INSERT ${copy('seq + 3')}`,
    `INSERT ${copy('seq')}`,
    // The right number, and a chain that forks.
    `INSERT ${copy('seq + 2')}`,
    `UPDATE message_log_facts SET facts = '{}'`,
    `DELETE FROM message_log_facts`,
    `REPLACE INTO message_log_facts (digest, facts)
       SELECT digest, replace(facts, 'perché', 'come') FROM message_log_facts`,
    `DELETE FROM message_log_address`,
    `UPDATE OR REPLACE message_log_address SET seq = 1`,
  ]) {
    await assert.rejects(
      db.transact((tx) => tx.run(sql)),
      { name: 'ConstraintError' },
      sql,
    );
  }
  const stream = await db.read((tx) => readStream(tx, { node: 'n1', after: 0, limit: 10 }));
  assert.deepEqual(
    stream.map(({ event }) => event),
    [accepted('opec-1'), accepted('opec-2')],
  );
});

test('the chain is whole page by page, and shows what someone changed behind the triggers', async (t) => {
  const { db, file } = openStore(t);
  for (const name of ['1', '2', '3', '4', '5']) {
    await db.transact((tx) => appendEvent(tx, accepted(`opec-${name}`)));
  }
  const check = () => db.read((tx) => checkChain(tx, 'n1', chainStart, 100));
  let state = chainStart;
  for (const expected of [2, 4, 5, 5]) {
    const from = state;
    state = await db.read((tx) => checkChain(tx, 'n1', from, 2));
    assert.deepEqual([state.seq, state.problems], [expected, []]);
  }
  const intruder = new DatabaseSync(file);
  t.after(() => intruder.close());
  intruder.exec(
    'PRAGMA foreign_keys = OFF; DROP TRIGGER message_log_no_update; DROP TRIGGER message_log_no_delete',
  );
  intruder.exec(`UPDATE message_log SET subject = 'altro' WHERE seq = 2`);
  assert.deepEqual((await check()).problems, [{ seq: 2, text: 'the row was changed' }]);
  intruder.exec('DELETE FROM message_log WHERE seq IN (2, 3)');
  assert.deepEqual((await check()).problems, [
    { seq: 4, text: 'rows from 2 to 3 are missing' },
    { seq: 4, text: 'the row does not follow the one before it' },
  ]);
  intruder.exec('DROP TRIGGER message_log_facts_no_update');
  intruder.exec(
    `UPDATE message_log_facts SET facts = '{}' WHERE digest = (SELECT facts FROM message_log WHERE seq = 5)`,
  );
  assert.deepEqual((await check()).problems.at(-1), { seq: 5, text: 'the row was changed' });
});
