import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { addContent } from '../../../src/content/content.ts';
import { fromLatin1 } from '../../../src/lib/bytes.ts';
import {
  claimDue,
  enqueue,
  hold,
  listQueue,
  nextDue,
  type OutgoingItem,
  postpone,
  releaseLeases,
  removeForRecipient,
  removeRows,
  retryNow,
} from '../../../src/queue/outgoing.ts';
import { idleLimit } from '../../../src/queue/retry.ts';
import { openStore, type TestStore, testEpoch } from '../../support/store.ts';

async function fill(t: TestContext, recipients: readonly string[]): Promise<TestStore> {
  const store = openStore(t);
  await store.db.transact(async (tx) => {
    const contentId = await addContent(tx, [fromLatin1('Subject: x\r\n\r\nx\r\n')]);
    await enqueue(
      tx,
      recipients.map((recipient) => describe(recipient, contentId)),
    );
  });
  return store;
}

function describe(recipient: string, contentId: number): OutgoingItem {
  return {
    node: 'n1',
    kind: 'envelope',
    identificativo: 'pec.1@alfa.test',
    messageId: 7,
    mailId: '<pec.1@alfa.test>',
    contentId,
    skip: 0,
    size: 16,
    eightBit: false,
    reversePath: 'mario.rossi@alfa.test',
    recipient,
    domain: recipient.slice(recipient.indexOf('@') + 1),
    certified: true,
    queuedAt: testEpoch,
    expiresAt: testEpoch + idleLimit,
  };
}

const claim = { owner: 'n1', now: testEpoch, leaseMs: 1000, limit: 100 };
const refusal = {
  recipient: 'a@b.test',
  outcome: 'temporary',
  code: 451,
  enhanced: '4.3.0',
  text: 'later',
} as const;

test('recipients of one destination go out in one job', async (t) => {
  const { db } = await fill(t, ['anna@beta.test', 'luca@gamma.test', 'mario@beta.test']);
  const jobs = await db.transact((tx) => claimDue(tx, claim));
  assert.deepEqual(
    jobs.map((job) => [job.domain, job.rows.map((row) => row.recipient)]),
    [
      ['beta.test', ['anna@beta.test', 'mario@beta.test']],
      ['gamma.test', ['luca@gamma.test']],
    ],
  );
});

test('a claimed row is nobody else’s until its lease runs out or is released', async (t) => {
  const { db } = await fill(t, ['anna@beta.test']);
  const claimAt = (owner: string, now: number) => db.transact((tx) => claimDue(tx, { ...claim, owner, now }));
  assert.equal((await claimAt('n1', testEpoch)).length, 1);
  assert.equal((await claimAt('n2', testEpoch + 999)).length, 0);
  assert.equal((await claimAt('n2', testEpoch + 1000)).length, 1);
  await db.transact((tx) => releaseLeases(tx, 'n1'));
  assert.equal((await claimAt('n3', testEpoch + 1001)).length, 0, 'the lease of n2 stands');
  await db.transact((tx) => releaseLeases(tx, 'n2'));
  assert.equal((await claimAt('n3', testEpoch + 1001)).length, 1);
});

test('a temporary failure is kept with its reason and tried again', async (t) => {
  const { db } = await fill(t, ['anna@beta.test']);
  const [job] = await db.transact((tx) => claimDue(tx, claim));
  assert.ok(job);
  const outcome = await db.transact((tx) => postpone(tx, job.rows[0], refusal, testEpoch));
  assert.equal(outcome, 'waiting');
  const [row] = await db.read((tx) => listQueue(tx, { limit: 10 }));
  assert.deepEqual(
    [row?.attempts, row?.nextAt, row?.lastCode, row?.lastText],
    [1, testEpoch + 30_000, 451, 'later'],
  );
  assert.equal(await db.read((tx) => nextDue(tx, testEpoch)), testEpoch + 30_000);
});

test('what another has in hands hides nothing that is due, and is due again when its lease runs out', async (t) => {
  const { db } = await fill(t, ['anna@beta.test', 'luca@gamma.test']);
  const dueAt = (now: number) => db.read((tx) => nextDue(tx, now));
  await db.transact((tx) => claimDue(tx, { ...claim, limit: 1 }));
  assert.equal(await dueAt(testEpoch), testEpoch, 'the second row');
  await db.transact((tx) => claimDue(tx, claim));
  assert.equal(await dueAt(testEpoch + 999), undefined, 'both are in hands');
  assert.equal(await dueAt(testEpoch + 1000), testEpoch);
});

test('a row on hold is not due until it is let go', async (t) => {
  const { db } = await fill(t, ['anna@beta.test']);
  const [row] = await db.read((tx) => listQueue(tx, { limit: 1 }));
  assert.ok(row);
  assert.equal(await db.transact((tx) => hold(tx, row.id)), true);
  assert.equal((await db.transact((tx) => claimDue(tx, claim))).length, 0);
  assert.equal(await db.transact((tx) => retryNow(tx, row.id, testEpoch)), true);
  assert.equal((await db.transact((tx) => claimDue(tx, claim))).length, 1);
  assert.equal(await db.transact((tx) => hold(tx, row.id + 1)), false);
});

test('closing a recipient’s transaction takes its envelope out of the queue, whatever the case', async (t) => {
  const { db } = await fill(t, ['Anna@beta.test', 'mario@beta.test']);
  await db.transact((tx) => removeForRecipient(tx, 7, 'anna@beta.test'));
  const left = await db.read((tx) => listQueue(tx, { limit: 10 }));
  assert.deepEqual(
    left.map((row) => row.recipient),
    ['mario@beta.test'],
  );
});

test('pages follow one another and a domain can be picked', async (t) => {
  const { db } = await fill(t, ['a@beta.test', 'b@gamma.test', 'c@beta.test']);
  const list = (filter: Parameters<typeof listQueue>[1]) => db.read((tx) => listQueue(tx, filter));
  const [first] = await list({ limit: 1 });
  const rest = await list({ limit: 10, afterId: first?.id ?? 0 });
  assert.deepEqual(
    rest.map((row) => row.recipient),
    ['b@gamma.test', 'c@beta.test'],
  );
  assert.equal((await list({ limit: 10, domain: 'beta.test' })).length, 2);
  await db.transact((tx) => removeRows(tx, rest));
  assert.equal((await list({ limit: 10 })).length, 1);
});

test('an answer recorded late, when its row is gone, meets no other row', async (t) => {
  const { db } = await fill(t, ['a@b.test']);
  const [late] = await db.transact((tx) => claimDue(tx, claim));
  assert.ok(late);
  await db.transact(async (tx) => {
    await removeForRecipient(tx, 7, 'a@b.test'); // its receipt was faster than the answer
    await enqueue(tx, [describe('other@c.test', late.rows[0].contentId)]);
  });
  await db.transact((tx) => removeRows(tx, late.rows));
  await db.transact((tx) => postpone(tx, late.rows[0], refusal, testEpoch));
  const [left] = await db.read((tx) => listQueue(tx, { limit: 10 }));
  assert.deepEqual([left?.recipient, left?.attempts], ['other@c.test', 0]);
});
