/** What a mail store keeps beside folders and flags: replacement in one step, threads, lists of rights, annotations. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { annotationBytes, longestAnnotation, mostAnnotations } from '../../../src/mailbox/annotations.ts';
import type { Folder, MailStore } from '../../../src/mailbox/mail-store.ts';
import { append, checkCounters, type OpenMailStore, openInbox, uidsAndFlags } from './steps.ts';

const everything = { read: true, write: true, manage: true };
const viewerOf = (mailboxId: number, address: string, rights = everything) => ({
  loginId: 1,
  name: address,
  mailboxId,
  address,
  rights,
});

async function replace(store: MailStore, folder: Folder, uid: number, text: string) {
  const content = await store.storeContent(
    (async function* () {
      yield Buffer.from(text);
    })(),
  );
  const message = { content, flags: ['\\Draft'], internalDate: 1_700_000_000_000 };
  return store.replace({ folderId: folder.id, uid, targetFolderId: folder.id, message });
}

function testReplace(name: string, open: OpenMailStore): void {
  test(`${name}: replacing appends and removes, both or neither`, async (t) => {
    const { store, inbox } = await openInbox(t, open);
    await append(store, inbox, ['one', 'two'], ['\\Seen']);
    const before = await store.status(inbox.id);
    assert.deepEqual((await replace(store, inbox, 1, 'three')).uids, [3]);
    assert.deepEqual(await uidsAndFlags(store, inbox), ['2 \\Seen', '3 \\Draft']);
    const { changed, vanished } = await store.changesSince(inbox.id, before.highestModseq);
    assert.deepEqual([changed.map(({ uid }) => uid), vanished], [[3], [1]]);
    await assert.rejects(replace(store, inbox, 1, 'four'), { reason: 'nonexistent' });
    assert.deepEqual(await uidsAndFlags(store, inbox), ['2 \\Seen', '3 \\Draft']);
    await checkCounters(store, inbox);
  });

  test(`${name}: only the growth of a replaced message needs room`, async (t) => {
    const { store, addMailbox } = await open(t);
    const mailboxId = await addMailbox('piccola@alfa.test', 100);
    const inbox = (await store.findFolder(mailboxId, 'INBOX')) as Folder;
    await append(store, inbox, ['x'.repeat(80)]);
    await replace(store, inbox, 1, 'y'.repeat(100));
    await assert.rejects(replace(store, inbox, 2, 'z'.repeat(101)), { reason: 'over-quota' });
    assert.deepEqual(await uidsAndFlags(store, inbox), ['2 \\Draft']);
    assert.equal((await store.quota(mailboxId)).usedBytes, 100);
  });
}

function testThreads(name: string, open: OpenMailStore): void {
  test(`${name}: a thread once told stays, whoever asks first`, async (t) => {
    const { store, inbox } = await openInbox(t, open);
    const answer = 'Message-ID: <b@x>\r\nReferences: <a@x>\r\n\r\n';
    await append(store, inbox, [answer, 'Message-ID: <a@x>\r\n\r\n', 'Message-ID: <c@x>\r\n\r\n']);
    const ids = (await store.messages(inbox.id, [[1, 3]])).map(({ contentId }) => contentId);
    const told = await Promise.all(ids.map((id) => store.threads(inbox.mailboxId, [id])));
    const [reply, root, other] = ids.map((id, index) => told[index]?.get(id));
    assert.equal(reply, root);
    assert.notEqual(root, other);
    await append(store, inbox, ['References: <a@x> <c@x>\r\n\r\n']);
    const [joining] = await store.messages(inbox.id, [[4, 4]]);
    const again = await store.threads(inbox.mailboxId, [...ids, joining?.contentId ?? 0]);
    assert.deepEqual([...again.values()], [reply, root, other, other]);
  });
}

function testRights(name: string, open: OpenMailStore): void {
  test(`${name}: a folder is seen by those its list names, and by nobody else`, async (t) => {
    const { store, addMailbox } = await open(t);
    const [mario, anna, lontano] = [
      viewerOf(await addMailbox('mario@alfa.test'), 'mario@alfa.test'),
      viewerOf(await addMailbox('anna@alfa.test'), 'anna@alfa.test'),
      viewerOf(await addMailbox('anna@beta.test'), 'anna@beta.test'),
    ];
    const folder = await store.createFolder(mario.mailboxId, 'Pratiche');
    const shared = 'Other Users/mario@alfa.test/Pratiche';
    assert.equal((await store.findVisible(anna, shared))?.rights, '');
    await store.changeAcl(folder.id, 'ANNA@alfa.test', { operation: 'add', rights: 'lr' });
    assert.equal((await store.findVisible(anna, shared))?.rights, 'lr');
    const seen = (await store.listVisible(anna)).filter(({ owner }) => owner !== undefined);
    assert.deepEqual(
      seen.map(({ name: known, path, owner }) => [known, path, owner]),
      [[shared, 'Pratiche', 'mario@alfa.test']],
    );
    // `anyone` ends where the domain does.
    await store.changeAcl(folder.id, 'anyone', { operation: 'replace', rights: 'lrs' });
    assert.equal((await store.findVisible(lontano, shared))?.rights, '');
    assert.equal((await store.findVisible(anna, shared))?.rights, 'lrs');
    await store.removeAcl(folder.id, 'anna@alfa.test');
    await store.removeAcl(folder.id, 'anyone');
    assert.deepEqual(await store.acl(folder.id), []);
    assert.equal(
      (await store.listVisible(anna)).every(({ owner }) => owner === undefined),
      true,
    );
    await assert.rejects(store.changeAcl(folder.id, 'nessuno', { operation: 'add', rights: 'l' }), {
      reason: 'nonexistent',
    });
  });
}

function testAnnotations(name: string, open: OpenMailStore): void {
  test(`${name}: annotations are set all or none, and go with their folder`, async (t) => {
    const { store, inbox } = await openInbox(t, open);
    const folder = await store.createFolder(inbox.mailboxId, 'Pratiche');
    const subject = { folderId: folder.id, loginId: 1 };
    const value = Buffer.from([0, 255]);
    const many = Array.from({ length: mostAnnotations }, (_, index) => ({
      entry: `/shared/a/${index}`,
      value,
    }));
    await store.setAnnotations(subject, many);
    const beyond = [
      { entry: '/shared/a/0', value: Buffer.from('new') },
      { entry: '/shared/b', value },
    ];
    await assert.rejects(store.setAnnotations(subject, beyond), { reason: 'limit' });
    const kept = await store.annotations(subject);
    assert.equal(kept.length, mostAnnotations);
    assert.deepEqual(Buffer.from(kept.find(({ entry }) => entry === '/shared/a/0')?.value ?? []), value);
    await store.setAnnotations(subject, [{ entry: '/shared/a/1', value: undefined }, ...beyond]);
    await store.deleteFolder(inbox.mailboxId, 'Pratiche');
    const again = await store.createFolder(inbox.mailboxId, 'Pratiche');
    assert.deepEqual(await store.annotations({ folderId: again.id, loginId: 1 }), []);
  });

  test(`${name}: annotations are bounded in bytes together`, async (t) => {
    const { store, inbox } = await openInbox(t, open);
    const subject = { folderId: inbox.id, loginId: 1 };
    const value = Buffer.alloc(longestAnnotation);
    const full = Array.from({ length: annotationBytes / longestAnnotation }, (_, index) => ({
      entry: `/shared/a/${index}`,
      value,
    }));
    await store.setAnnotations(subject, full);
    const oneByte = [{ entry: '/shared/b', value: Buffer.from('x') }];
    await assert.rejects(store.setAnnotations(subject, oneByte), { reason: 'limit' });
    const other = await store.createFolder(inbox.mailboxId, 'Pratiche');
    await store.setAnnotations({ ...subject, folderId: other.id }, oneByte);
    await store.setAnnotations(subject, [{ entry: '/shared/a/0', value: undefined }]);
    await store.setAnnotations(subject, oneByte);
  });
}

export function testShared(name: string, open: OpenMailStore): void {
  testReplace(name, open);
  testThreads(name, open);
  testRights(name, open);
  testAnnotations(name, open);
}
