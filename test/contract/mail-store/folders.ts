/** Folders of a mail store: names, making, renaming, removing, subscriptions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { all, append, checkCounters, type OpenMailStore, openInbox } from './steps.ts';

export function testFolders(name: string, open: OpenMailStore): void {
  test(`${name}: a mailbox begins with the folders programs look for, subscribed`, async (t) => {
    const { store, mailboxId } = await openInbox(t, open);
    const folders = await store.listFolders(mailboxId);
    assert.deepEqual(
      folders.map((folder) => [folder.name, folder.specialUse, folder.subscribed]),
      [
        ['Archive', '\\Archive', true],
        ['Drafts', '\\Drafts', true],
        ['INBOX', undefined, true],
        ['Junk', '\\Junk', true],
        ['Sent', '\\Sent', true],
        ['Trash', '\\Trash', true],
      ],
    );
    assert.equal(new Set(folders.map(({ objectId }) => objectId)).size, 6);
    assert.equal(new Set(folders.map(({ uidValidity }) => uidValidity)).size, 6);
  });

  test(`${name}: INBOX is found in any case, other names in theirs, composed or not`, async (t) => {
    const { store, mailboxId, inbox } = await openInbox(t, open);
    assert.equal((await store.findFolder(mailboxId, 'inBox'))?.id, inbox.id);
    assert.equal(await store.findFolder(mailboxId, 'sent'), undefined);
    const made = await store.createFolder(mailboxId, 'Perche\u0301');
    assert.equal(made.name, 'Perch\u00e9');
    assert.equal((await store.findFolder(mailboxId, 'Perch\u00e9'))?.id, made.id);
    const below = await store.createFolder(mailboxId, 'inbox/Uno');
    assert.equal(below.name, 'INBOX/Uno');
  });

  test(`${name}: creating makes the parents and refuses names that are taken or cannot be`, async (t) => {
    const { store, mailboxId } = await openInbox(t, open);
    await store.createFolder(mailboxId, 'Clienti/Rossi/2026');
    assert.ok(await store.findFolder(mailboxId, 'Clienti'));
    assert.ok(await store.findFolder(mailboxId, 'Clienti/Rossi'));
    await assert.rejects(store.createFolder(mailboxId, 'Clienti'), { reason: 'already-exists' });
    await assert.rejects(store.createFolder(mailboxId, 'InBox'), { reason: 'already-exists' });
    for (const bad of ['', '/', '/a', 'a/', 'a//b', 'a\u0000b', 'a*', 'a%b', 'x'.repeat(1001), ' ']) {
      await assert.rejects(store.createFolder(mailboxId, bad), { kind: 'permanent', reason: 'cannot' }, bad);
    }
  });

  test(`${name}: one folder for each special use`, async (t) => {
    const { store, mailboxId } = await openInbox(t, open);
    await assert.rejects(store.createFolder(mailboxId, 'Inviati', '\\Sent'), { reason: 'use-attribute' });
    await assert.rejects(store.createFolder(mailboxId, 'Tutti', '\\All'), { reason: 'use-attribute' });
    await store.deleteFolder(mailboxId, 'Sent');
    assert.equal((await store.createFolder(mailboxId, 'Inviati', '\\SENT')).specialUse, '\\Sent');
  });

  test(`${name}: a folder made again under an old name has a new UIDVALIDITY and id`, async (t) => {
    const { store, mailboxId, time } = await openInbox(t, open);
    const seen = new Set<number>((await store.listFolders(mailboxId)).map(({ uidValidity }) => uidValidity));
    const ids = new Set<string>();
    // The clock does not move, then goes back an hour.
    for (const step of [0, 0, -3_600_000, 0]) {
      time.now += step;
      const folder = await store.createFolder(mailboxId, 'Prova');
      assert.ok(!seen.has(folder.uidValidity));
      assert.ok(folder.uidValidity > Math.max(...seen));
      assert.ok(!ids.has(folder.objectId));
      seen.add(folder.uidValidity);
      ids.add(folder.objectId);
      await store.deleteFolder(mailboxId, 'Prova');
    }
  });

  test(`${name}: renaming takes along what is below, keeps ids, and refuses what cannot be`, async (t) => {
    const { store, mailboxId } = await openInbox(t, open);
    const folder = await store.createFolder(mailboxId, 'A');
    const below = await store.createFolder(mailboxId, 'A/B/C');
    await store.createFolder(mailboxId, 'A0');
    await append(store, folder, ['one']);
    await store.renameFolder(mailboxId, 'A', 'X/Y');
    const names = (await store.listFolders(mailboxId)).map((one) => one.name);
    assert.ok(['X', 'X/Y', 'X/Y/B', 'X/Y/B/C', 'A0'].every((wanted) => names.includes(wanted)));
    assert.ok(!names.some((one) => one === 'A' || one.startsWith('A/')));
    const moved = await store.findFolder(mailboxId, 'X/Y');
    assert.deepEqual([moved?.objectId, moved?.uidValidity], [folder.objectId, folder.uidValidity]);
    assert.equal((await store.findFolder(mailboxId, 'X/Y/B/C'))?.id, below.id);
    assert.equal((await store.messages(folder.id, all)).length, 1);
    await assert.rejects(store.renameFolder(mailboxId, 'X', 'X/Z'), { reason: 'cannot' });
    await assert.rejects(store.renameFolder(mailboxId, 'X', 'Sent'), { reason: 'already-exists' });
    await assert.rejects(store.renameFolder(mailboxId, 'nobody', 'Q'), { reason: 'nonexistent' });
  });

  test(`${name}: renaming INBOX moves its messages and leaves an empty inbox`, async (t) => {
    const { store, mailboxId, inbox } = await openInbox(t, open);
    await store.createFolder(mailboxId, 'INBOX/Sotto');
    await append(store, inbox, ['one', 'two']);
    await store.renameFolder(mailboxId, 'inbox', 'Vecchi');
    const old = await store.findFolder(mailboxId, 'Vecchi');
    assert.ok(old !== undefined);
    assert.deepEqual(await store.uids(old.id), [1, 2]);
    assert.equal((await store.status(inbox.id)).messages, 0);
    assert.equal((await store.status(inbox.id)).uidNext, 3);
    assert.ok(await store.findFolder(mailboxId, 'INBOX/Sotto'));
    await checkCounters(store, inbox);
    await checkCounters(store, old);
  });

  test(`${name}: deleting takes the messages along; the inbox and folders with others below stay`, async (t) => {
    const { store, mailboxId } = await openInbox(t, open);
    const folder = await store.createFolder(mailboxId, 'A');
    await store.createFolder(mailboxId, 'A/B');
    await append(store, folder, ['one', 'two']);
    await assert.rejects(store.deleteFolder(mailboxId, 'A'), { reason: 'has-children' });
    await assert.rejects(store.deleteFolder(mailboxId, 'INBOX'), { reason: 'cannot' });
    await assert.rejects(store.deleteFolder(mailboxId, 'nobody'), { reason: 'nonexistent' });
    await store.deleteFolder(mailboxId, 'A/B');
    await store.deleteFolder(mailboxId, 'A');
    assert.deepEqual(
      { ...(await store.quota(mailboxId)), limitBytes: 0 },
      { usedBytes: 0, limitBytes: 0, usedMessages: 0 },
    );
    const uses: (() => Promise<unknown>)[] = [
      () => store.status(folder.id),
      () => store.uids(folder.id),
      () => store.messages(folder.id, all),
      () => store.changesSince(folder.id, 0),
      () => store.keywords(folder.id),
      () => store.expunge(folder.id),
      () => store.storeFlags(folder.id, all, { operation: 'add', flags: [] }),
      () => store.copy(folder.id, all, folder.id),
      () => store.firstRecent(folder.id, true),
      () => append(store, folder, ['x']),
    ];
    for (const use of uses) await assert.rejects(use(), { kind: 'permanent', reason: 'nonexistent' });
  });

  test(`${name}: subscriptions are by name and outlive the folder`, async (t) => {
    const { store, mailboxId } = await openInbox(t, open);
    await store.createFolder(mailboxId, 'A');
    assert.equal((await store.findFolder(mailboxId, 'A'))?.subscribed, false);
    await store.setSubscribed(mailboxId, 'A', true);
    await store.setSubscribed(mailboxId, 'A', true);
    assert.equal((await store.findFolder(mailboxId, 'A'))?.subscribed, true);
    await store.deleteFolder(mailboxId, 'A');
    assert.ok((await store.listSubscriptions(mailboxId)).includes('A'));
    assert.equal((await store.createFolder(mailboxId, 'A')).subscribed, true);
    await store.setSubscribed(mailboxId, 'A', false);
    assert.ok(!(await store.listSubscriptions(mailboxId)).includes('A'));
    await assert.rejects(store.setSubscribed(mailboxId, 'nobody', true), { reason: 'nonexistent' });
  });
}
