/**
 * How SQLite carries out each statement of the store: by an index, never by reading a whole table that grows
 * with the mail. What runs here is recorded, so a statement cannot be forgotten.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAccounts } from '../../src/accounts/accounts.ts';
import { addContent } from '../../src/content/content.ts';
import { createSweeper } from '../../src/content/sweep.ts';
import { findIndexed, indexLeftOut, indexNext } from '../../src/content/text-index.ts';
import { deliver } from '../../src/mailbox/deliver.ts';
import type { UidRanges } from '../../src/mailbox/mail-store.ts';
import { createMaildrops } from '../../src/mailbox/maildrop.ts';
import { emptyRemovedMailboxes } from '../../src/mailbox/removal.ts';
import { findSentCopies, markSentCopies, storeSentCopy } from '../../src/mailbox/sent-copies.ts';
import { createMailStore } from '../../src/mailbox/store.ts';
import { appendEvent } from '../../src/message-log/append.ts';
import { chainStart, checkChain } from '../../src/message-log/check-chain.ts';
import { findEvents, listNodes, readStream } from '../../src/message-log/find.ts';
import { findHoldsOn } from '../../src/message-log/retention/holds.ts';
import { searchEvents } from '../../src/message-log/search.ts';
import {
  countStates,
  findSubmission,
  findSubmitter,
  forgetSubmissions,
  recordSubmission,
} from '../../src/queue/submissions.ts';
import { createRecordingDatabase, type RecordingDatabase } from '../support/recording.ts';
import { cheapHasher, openStore, testEpoch } from '../support/store.ts';

const all: UidRanges = [[1, Number.POSITIVE_INFINITY]];
const password = 'correct horse battery';

async function useAccounts(opened: ReturnType<typeof openStore>, db: RecordingDatabase): Promise<number> {
  const accounts = createAccounts({ db, clock: opened.clock, hasher: cheapHasher, scramIterations: 100 });
  await accounts.addDomain('esempio.it');
  await accounts.setDomain('esempio.it', { maxMailboxes: 100 });
  await accounts.listDomains();
  const mailbox = await accounts.addMailbox({ address: 'mario@esempio.it', password });
  await accounts.addMailbox({ address: 'anna@esempio.it', password });
  await accounts.setMailbox('mario@esempio.it', { senders: ['altro@esempio.it'] });
  await accounts.authenticate('mario@esempio.it', password);
  await accounts.authenticate('nessuno', password);
  await (await accounts.offerKeys?.('mario@esempio.it', 'pop3'))?.accept();
  await accounts.listMailboxes({ limit: 10 });
  await accounts.listMailboxes({ domain: 'esempio.it', after: 'a', limit: 10 });
  await accounts.setPassword('mario@esempio.it', 'another password');
  const [login] = await accounts.listLogins('mario@esempio.it');
  const application = { loginId: login?.id ?? 0, label: 'x', scopes: ['imap'] as const };
  const { id, secret } = await accounts.addApplicationPassword(application);
  const proved = await accounts.authenticate('mario@esempio.it', secret, 'imap', '192.0.2.7');
  if (proved !== undefined) await accounts.renew(proved);
  await accounts.listApplicationPasswords(application.loginId);
  await accounts.revokeApplicationPassword(application.loginId, id);
  await accounts.addLogin('mario@esempio.it', { name: 'protocollo', password });
  await accounts.setLogin('protocollo', { disabled: true });
  await accounts.removeLogin('protocollo');
  await accounts.close();
  await accounts.removeMailbox('anna@esempio.it');
  await emptyRemovedMailboxes(db, { at: testEpoch, keptForMs: 0 });
  return mailbox.id;
}

async function useMailStore(opened: ReturnType<typeof openStore>, db: RecordingDatabase, mailboxId: number) {
  const store = createMailStore({ ...opened, db });
  const inbox = await store.findFolder(mailboxId, 'INBOX');
  const other = await store.createFolder(mailboxId, 'A/B');
  const id = inbox?.id ?? 0;
  await store.append(id, [{ content: [Buffer.from('x')], flags: ['k'], internalDate: 0 }]);
  await db.transact(async (tx) => {
    const contentId = await addContent(tx, [{ blob: 'b', offset: 0, length: 1 }]);
    await deliver(tx, { mailboxId, contentId, size: 1, internalDate: 0 });
  });
  await Promise.all([store.status(id), store.uids(id), store.keywords(id), store.quota(mailboxId)]);
  const [record] = await store.messages(id, all);
  await store.structure(record?.contentId ?? 0);
  await store.structure(record?.contentId ?? 0);
  await store.structures([record?.contentId ?? 0]);
  assert.equal(await indexNext({ ...opened, db }, 0), 2);
  await db.read(findIndexed);
  assert.equal(await indexLeftOut({ ...opened, db }, 0, 2), 2);
  await store.withoutTexts([record?.contentId ?? 0], ['testo']);
  await store.heads([record?.contentId ?? 0]);
  await store.heads([record?.contentId ?? 0]);
  await store.firstRecent(id, true);
  const drop = await createMaildrops({ db, store, clock: opened.clock }).open(mailboxId);
  await drop?.finish({ removed: [2], seen: [1] });
  await drop?.close();
  await store.storeFlags(id, all, { operation: 'add', flags: ['\\Deleted', 'n'] });
  await store.copy(id, all, other.id);
  await store.move(other.id, all, id);
  await store.expunge(id);
  await store.changesSince(id, 1);
  await store.renameFolder(mailboxId, 'A', 'C');
  await store.listSubscriptions(mailboxId);
  await store.setSubscribed(mailboxId, 'C', true);
  await store.setSubscribed(mailboxId, 'C', false);
  await store.deleteFolder(mailboxId, 'C/B');
  const sweeper = createSweeper({ ...opened, db, graceMs: 0 });
  await sweeper.findOrphans();
  opened.time.now += 100 * 86_400_000;
  await sweeper.findOrphans();
  await sweeper.sweep();
}

async function useSenderCopies(
  opened: ReturnType<typeof openStore>,
  db: RecordingDatabase,
  mailboxId: number,
) {
  const store = createMailStore({ ...opened, db, sentMarks: async () => ['$a'] });
  const sent = await store.findFolder(mailboxId, 'Sent');
  const content = [Buffer.from('Message-ID: <x>\r\n\r\n')];
  await store.append(sent?.id ?? 0, [{ content, flags: [], internalDate: 0 }]);
  await db.transact(async (tx) => {
    await recordSubmission(tx, { mailboxId, msgid: '<x>', messageId: 1, at: 0 });
    await findSubmission(tx, mailboxId, '<x>');
    await findSubmitter(tx, 1, '<x>');
    await countStates(tx, 1);
    const copies = await findSentCopies(tx, mailboxId, '<x>');
    assert.equal(copies.length, 1);
    await markSentCopies(tx, mailboxId, copies, { among: ['$a', '$b'], wanted: ['$b'] });
    const contentId = await addContent(tx, content);
    await storeSentCopy(tx, { mailboxId, messageId: '<x>', contentId, size: 20, at: 0, keywords: [] });
    assert.equal(await forgetSubmissions(tx, { before: 1, limit: 10 }), 1);
  });
}

async function useLog(db: RecordingDatabase) {
  await db.transact((tx) =>
    appendEvent(tx, {
      type: 'reproduced',
      at: 0,
      facts: {
        identificativo: 'x',
        msgid: '<x>',
        sender: 'a@b.it',
        recipients: [{ address: 'z@b.it', certified: true }],
        replyTo: '',
        subject: '',
      },
      sendingProvider: '',
      generated: [],
      messageId: '<y>',
      requestedBy: 'z',
    }),
  );
  await db.read(async (tx) => {
    await findEvents(tx, { identificativo: 'x' });
    await findEvents(tx, { msgid: '<x>' });
    const page = { limit: 10, after: { at: -1, node: '', seq: 0 } };
    for (const search of [
      { identificativo: 'x' },
      { msgid: '<x>' },
      { msgid: '<x>', mailbox: 'a@b.it', from: 0, to: 1 },
      { sender: 'a@b.it' },
      { sender: 'a@b.it', mailbox: 'a@b.it', from: 0, to: 1 },
      { recipient: 'z@b.it', types: ['reproduced'] as const },
      { from: 0, to: 1 },
    ])
      await searchEvents(tx, search, page);
    await findHoldsOn(tx, { node: 'n1', number: 1 });
    await readStream(tx, { node: 'n1', after: 0, limit: 1 });
    await checkChain(tx, 'n1', chainStart, 1);
    await listNodes(tx);
  });
}

/** Plans that read a whole table and may: the table is small, or the whole of it is wanted. */
function isHarmless(detail: string, sql: string): boolean {
  if (/^SCAN (?:CONSTANT ROW|\(|s\b|p$|days$|some$|f VIRTUAL|content_text VIRTUAL)/.test(detail)) return true;
  if (detail === 'SCAN h USING INDEX log_hold_active') return true;
  // One row for each backup that is under way.
  if (detail === 'SCAN blob_hold') return true;
  return sql === 'SELECT * FROM domain ORDER BY name';
}

test('no statement of the store reads through a table that grows with the mail', async (t) => {
  const opened = openStore(t);
  const db = createRecordingDatabase(opened.db);
  const mailboxId = await useAccounts(opened, db);
  await useMailStore(opened, db, mailboxId);
  await useSenderCopies(opened, db, mailboxId);
  await useLog(db);
  assert.ok(db.texts.size > 80, `only ${db.texts.size} statements were seen`);
  const scans: string[] = [];
  for (const sql of db.texts) {
    const plan = await opened.db.read((tx) => tx.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`));
    for (const { detail } of plan) {
      if (/^SCAN /.test(detail) && !isHarmless(detail, sql)) scans.push(`${detail}\n    ${sql}`);
    }
  }
  assert.deepEqual(scans, []);
});

test('the statements of long folders use the indexes made for them', async (t) => {
  const { db } = openStore(t);
  const planOf = async (sql: string) => {
    const rows = await db.read((tx) => tx.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`));
    return rows.map(({ detail }) => detail).join('; ');
  };
  const columns = 'uid, modseq, flags, keywords, size, internal_date, saved_at, content_id';
  const from = `SELECT ${columns} FROM message WHERE folder_id = ?`;
  assert.match(await planOf(`${from} AND uid BETWEEN ? AND ? ORDER BY uid LIMIT 5`), /PRIMARY KEY/);
  assert.match(
    await planOf(`${from} AND (modseq, uid) > (?, ?) ORDER BY modseq, uid`),
    /message_modseq \(folder_id=\? AND \(modseq,uid\)>\(\?,\?\)\)$/,
  );
  const copies = `SELECT uid FROM message WHERE message_id = ? AND flags & 16 = 0
    AND folder_id IN (SELECT id FROM folder WHERE mailbox_id = ?)`;
  assert.match(await planOf(copies), /message_message_id \(message_id=\? AND folder_id=\?\)/);
});

test('a search by address reads the entries of a day in their order, from their place on', async (t) => {
  const opened = openStore(t);
  const db = createRecordingDatabase(opened.db);
  await useLog(db);
  const texts = [...db.texts].filter((sql) => sql.includes('p.address_key = ?'));
  assert.ok(texts.length >= 3);
  for (const sql of texts) {
    const plan = await opened.db.read((tx) => tx.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`));
    assert.match(plan[0]?.detail ?? '', /^SEARCH p USING PRIMARY KEY \(day=\? AND address_key=\? AND/);
    assert.ok(!plan.some(({ detail }) => detail.includes('TEMP B-TREE')), JSON.stringify(plan));
  }
});
