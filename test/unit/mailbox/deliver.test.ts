import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addContent } from '../../../src/content/content.ts';
import { createSweeper } from '../../../src/content/sweep.ts';
import { createFailingDatabase } from '../../../src/db/fail.ts';
import { pruneTombstones } from '../../../src/mailbox/changes.ts';
import { type Delivery, deliver } from '../../../src/mailbox/deliver.ts';
import type { ChangeNotice, UidRanges } from '../../../src/mailbox/mail-store.ts';
import { emptyRemovedMailboxes } from '../../../src/mailbox/removal.ts';
import { createMailStore } from '../../../src/mailbox/store.ts';
import { addTestMailbox, openStore, testEpoch } from '../../support/store.ts';

const all: UidRanges = [[1, Number.POSITIVE_INFINITY]];
const bytes = Buffer.from('0123456789');

async function openMailbox(t: Parameters<typeof openStore>[0], quotaBytes = 25) {
  const opened = openStore(t);
  const store = createMailStore(opened);
  const mailbox = await addTestMailbox(opened, 'mario@esempio.it', quotaBytes);
  const deliverTen = (delivery: Partial<Delivery> = {}, db = opened.db) =>
    db.transact(async (tx) =>
      deliver(tx, {
        mailboxId: mailbox.id,
        contentId: await addContent(tx, [bytes]),
        size: 10,
        internalDate: testEpoch,
        ...delivery,
      }),
    );
  return { ...opened, store, mailbox, mailboxId: mailbox.id, deliverTen };
}

test('delivery into a mailbox that nobody has opened yet', async (t) => {
  const { store, mailboxId, deliverTen } = await openMailbox(t);
  const delivered = await deliverTen({ flags: ['$Receipt'] });
  const inbox = await store.findFolder(mailboxId, 'INBOX');
  assert.deepEqual(delivered, {
    outcome: 'delivered',
    folderId: inbox?.id,
    uid: 1,
    uidValidity: inbox?.uidValidity,
    modseq: 2,
  });
  const [record] = await store.messages(inbox?.id ?? 0, all);
  assert.deepEqual([record?.flags, record?.savedAt], [['$Receipt'], testEpoch]);
  assert.equal((await store.listFolders(mailboxId)).length, 6);
});

test('the named folder, or the inbox when it is not there', async (t) => {
  const { store, mailboxId, deliverTen } = await openMailbox(t);
  const sent = await store.findFolder(mailboxId, 'Sent');
  const inbox = await store.findFolder(mailboxId, 'INBOX');
  const folderOf = async (folder: string) => {
    const outcome = await deliverTen({ folder, overQuota: true });
    return outcome.outcome === 'delivered' ? outcome.folderId : undefined;
  };
  assert.equal(await folderOf('Sent'), sent?.id);
  assert.equal(await folderOf('Gone'), inbox?.id);
});

test('a full mailbox takes receipts and nothing else', async (t) => {
  const { store, mailboxId, deliverTen } = await openMailbox(t);
  const outcomes = [];
  for (const overQuota of [false, false, false, true, false]) {
    outcomes.push((await deliverTen({ overQuota })).outcome);
  }
  assert.deepEqual(outcomes, ['delivered', 'delivered', 'quota', 'delivered', 'quota']);
  assert.deepEqual(await store.quota(mailboxId), { usedBytes: 30, limitBytes: 25, usedMessages: 3 });
});

test('a mailbox that was removed is a permanent error', async (t) => {
  const { accounts, mailbox, deliverTen } = await openMailbox(t);
  await accounts.removeMailbox(mailbox.address);
  await assert.rejects(deliverTen(), { kind: 'permanent', smtp: { code: 550, enhanced: '5.1.1' } });
});

test('delivery stands or falls with the caller’s transaction, and so does its notice', async (t) => {
  const { db, store, mailboxId, deliverTen } = await openMailbox(t);
  const heard: ChangeNotice[] = [];
  t.after(store.watch(mailboxId, (notice) => heard.push(notice)));
  const failing = createFailingDatabase(db);
  for (const point of ['lock', 'statement', 'commit'] as const) {
    failing.failNext(point, { after: 5 });
    await assert.rejects(deliverTen({}, failing), { kind: 'temporary' });
  }
  const inbox = await store.findFolder(mailboxId, 'INBOX');
  assert.equal((await store.status(inbox?.id ?? 0)).uidNext, 1);
  assert.deepEqual(heard, []);
  assert.deepEqual(await deliverTen({}, failing).then(({ outcome }) => outcome), 'delivered');
  assert.equal(heard.length, 1);
});

test('every method that meets a failing store leaves it as it was', async (t) => {
  const { db, blobs, clock, store, mailboxId, deliverTen } = await openMailbox(t, 10_000);
  for (const _message of [1, 2, 3]) await deliverTen();
  const failing = createFailingDatabase(db);
  const broken = createMailStore({ db: failing, blobs, clock });
  const inbox = await store.findFolder(mailboxId, 'INBOX');
  const sent = await store.findFolder(mailboxId, 'Sent');
  assert.ok(inbox !== undefined && sent !== undefined);
  await store.storeFlags(inbox.id, [[1, 1]], { operation: 'add', flags: ['\\Deleted'] });
  const look = async () => [
    await store.listFolders(mailboxId),
    await store.listSubscriptions(mailboxId),
    await store.quota(mailboxId),
    await store.status(inbox.id),
    await store.status(sent.id),
    await store.messages(inbox.id, all),
    await store.changesSince(inbox.id, 0),
  ];
  const before = await look();
  const message = { content: [bytes], flags: ['new'], internalDate: testEpoch };
  const changes: (() => Promise<unknown>)[] = [
    () => broken.append(inbox.id, [message, message]),
    () => broken.storeFlags(inbox.id, all, { operation: 'add', flags: ['\\Seen', 'new'] }),
    () => broken.copy(inbox.id, all, sent.id),
    () => broken.move(inbox.id, all, sent.id),
    () => broken.expunge(inbox.id),
    () => broken.createFolder(mailboxId, 'A/B'),
    () => broken.renameFolder(mailboxId, 'INBOX', 'Old'),
    () => broken.renameFolder(mailboxId, 'Trash', 'Cestino'),
    () => broken.deleteFolder(mailboxId, 'Junk'),
    () => broken.setSubscribed(mailboxId, 'Junk', false),
    () => broken.firstRecent(inbox.id, true),
  ];
  for (const change of changes) {
    for (const after of [0, 1, 3, 5, 8]) {
      failing.failNext('statement', { after });
      await assert.rejects(change(), { kind: 'temporary' }, String(change));
    }
    failing.failNext('commit');
    await assert.rejects(change(), { kind: 'temporary' }, String(change));
  }
  assert.deepEqual(await look(), before);
});

test('watchers hear that another process wrote', async (t) => {
  const { file, store, mailboxId } = await openMailbox(t);
  const heard = new Promise<ChangeNotice>((resolve) => {
    t.after(store.watch(mailboxId, resolve));
  });
  const { openSqlite } = await import('../../../src/db/sqlite.ts');
  const other = openSqlite({ file });
  t.after(() => other.close());
  await other.transact((tx) => tx.run('UPDATE mailbox SET quota_bytes = 1'));
  assert.deepEqual(await heard, { mailboxId, folderId: undefined });
});

test('forgotten tombstones are told as every UID that is not there', async (t) => {
  const { db, store, mailboxId, deliverTen } = await openMailbox(t, 10_000);
  const inbox = await store.findFolder(mailboxId, 'INBOX');
  assert.ok(inbox !== undefined);
  for (let count = 0; count < 8; count += 1) await deliverTen();
  for (const uid of [2, 3, 5, 7]) {
    await store.storeFlags(inbox.id, [[uid, uid]], { operation: 'add', flags: ['\\Deleted'] });
    await store.expunge(inbox.id);
  }
  const now = (await store.status(inbox.id)).highestModseq;
  assert.deepEqual((await store.changesSince(inbox.id, 9)).vanished, [2, 3, 5, 7]);
  assert.deepEqual((await store.changesSince(inbox.id, now - 2)).vanished, [7]);
  assert.equal(await db.transact((tx) => pruneTombstones(tx, 2)), 1);
  assert.deepEqual((await store.changesSince(inbox.id, 9)).vanished, [2, 3, 5, 7]);
  assert.deepEqual((await store.changesSince(inbox.id, now - 2)).vanished, [7]);
  assert.deepEqual((await store.changesSince(inbox.id, now - 4)).vanished, [5, 7]);
  assert.equal(await db.transact((tx) => pruneTombstones(tx, 2)), 0);
});

test('a removed mailbox is emptied when its time is over; the bytes follow', async (t) => {
  const { db, blobs, clock, time, accounts, store, mailbox, deliverTen } = await openMailbox(t, 10_000);
  const inbox = await store.findFolder(mailbox.id, 'INBOX');
  await deliverTen();
  await deliverTen({ folder: 'Sent' });
  await accounts.removeMailbox(mailbox.address);
  const day = 86_400_000;
  time.now += 30 * day - 1;
  assert.equal(await emptyRemovedMailboxes(db, { at: clock(), keptForMs: 30 * day }), 0);
  assert.equal((await store.status(inbox?.id ?? 0)).messages, 1);
  time.now += 1;
  assert.equal(await emptyRemovedMailboxes(db, { at: clock(), keptForMs: 30 * day }), 1);
  assert.equal(await emptyRemovedMailboxes(db, { at: clock(), keptForMs: 30 * day }), 0);
  for (const table of ['folder', 'message', 'subscription', 'mailbox_use', 'vanished']) {
    const row = await db.read((tx) => tx.get<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`));
    assert.equal(row?.n, 0, table);
  }
  assert.equal((await createSweeper({ db, blobs, clock }).sweep()).contents, 2);
  const again = await accounts.addMailbox({
    address: mailbox.address,
    password: 'a new holder now',
    reassign: true,
  });
  const newInbox = await store.findFolder(again.id, 'INBOX');
  assert.notEqual(newInbox?.uidValidity, inbox?.uidValidity);
});
