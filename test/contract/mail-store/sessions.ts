/** Copies, moves, and what several sessions see of each other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChangeNotice, UidRanges } from '../../../src/mailbox/mail-store.ts';
import {
  all,
  append,
  checkCounters,
  type OpenMailStore,
  openInbox,
  readText,
  uidsAndFlags,
} from './steps.ts';

export function testCopies(name: string, open: OpenMailStore): void {
  test(`${name}: a copy shares the content, keeps flags and date, and counts for the quota`, async (t) => {
    const { store, inbox, mailboxId, time } = await openInbox(t, open, 100);
    const target = await store.createFolder(mailboxId, 'Copie');
    await append(store, inbox, ['a', 'bb', 'ccc'], ['\\Seen', 'Lavoro']);
    time.now += 1000;
    const ranges: UidRanges = [
      [3, 3],
      [1, 1],
    ];
    assert.deepEqual(await store.copy(inbox.id, ranges, target.id), {
      uidValidity: target.uidValidity,
      pairs: [
        [1, 1],
        [3, 2],
      ],
    });
    const [original] = await store.messages(inbox.id, [[1, 1]]);
    const [copy] = await store.messages(target.id, [[1, 1]]);
    assert.equal(copy?.contentId, original?.contentId);
    assert.deepEqual(copy?.flags, ['\\Seen', 'Lavoro']);
    assert.deepEqual([copy?.internalDate, copy?.savedAt], [1_700_000_000_000, time.now]);
    assert.deepEqual(await store.quota(mailboxId), { usedBytes: 10, limitBytes: 100, usedMessages: 5 });
    assert.deepEqual(await store.keywords(target.id), ['Lavoro']);
    await checkCounters(store, target);
    const removed = { operation: 'add', flags: ['\\Deleted'] } as const;
    await store.storeFlags(inbox.id, all, removed);
    await store.expunge(inbox.id);
    assert.equal(await readText(store, copy?.contentId ?? 0), 'a');
  });

  test(`${name}: a copy that does not fit copies nothing; a move needs no room`, async (t) => {
    const { store, inbox, mailboxId } = await openInbox(t, open, 10);
    const target = await store.createFolder(mailboxId, 'Copie');
    await append(store, inbox, ['1234', '1234']);
    await assert.rejects(store.copy(inbox.id, all, target.id), { reason: 'over-quota' });
    assert.equal((await store.status(target.id)).messages, 0);
    assert.equal((await store.status(target.id)).uidNext, 1);
    await store.move(inbox.id, all, target.id);
    assert.deepEqual(await store.quota(mailboxId), { usedBytes: 8, limitBytes: 10, usedMessages: 2 });
  });

  test(`${name}: a move leaves tombstones and takes the messages over in order`, async (t) => {
    const { store, inbox, mailboxId } = await openInbox(t, open);
    const target = await store.createFolder(mailboxId, 'Altro');
    await append(store, target, ['x']);
    await append(store, inbox, ['a', 'b', 'c'], ['\\Deleted']);
    const before = (await store.status(inbox.id)).highestModseq;
    const { pairs } = await store.move(inbox.id, [[2, 3]], target.id);
    assert.deepEqual(pairs, [
      [2, 2],
      [3, 3],
    ]);
    const changes = await store.changesSince(inbox.id, before);
    assert.deepEqual(changes.vanished, [2, 3]);
    assert.deepEqual(await uidsAndFlags(store, target), ['1', '2 \\Deleted', '3 \\Deleted']);
    await checkCounters(store, inbox);
    await checkCounters(store, target);
  });

  test(`${name}: copying and moving within one folder give new UIDs`, async (t) => {
    const { store, inbox } = await openInbox(t, open);
    await append(store, inbox, ['a', 'b']);
    assert.deepEqual((await store.copy(inbox.id, [[1, 1]], inbox.id)).pairs, [[1, 3]]);
    assert.deepEqual((await store.move(inbox.id, [[1, 2]], inbox.id)).pairs, [
      [1, 4],
      [2, 5],
    ]);
    assert.deepEqual(await store.uids(inbox.id), [3, 4, 5]);
    await checkCounters(store, inbox);
  });

  test(`${name}: nothing to copy is no change`, async (t) => {
    const { store, inbox, mailboxId } = await openInbox(t, open);
    const target = await store.createFolder(mailboxId, 'Altro');
    const before = await store.status(target.id);
    assert.deepEqual((await store.copy(inbox.id, all, target.id)).pairs, []);
    assert.deepEqual((await store.move(inbox.id, [[7, 9]], target.id)).pairs, []);
    assert.deepEqual(await store.status(target.id), before);
  });
}

export function testSessions(name: string, open: OpenMailStore): void {
  test(`${name}: changes since a modseq tell new, changed and vanished messages`, async (t) => {
    const { store, inbox } = await openInbox(t, open);
    await append(store, inbox, ['a', 'b', 'c', 'd', 'e']);
    const known = (await store.status(inbox.id)).highestModseq;
    await store.storeFlags(inbox.id, [[1, 1]], { operation: 'add', flags: ['\\Seen'] });
    const deleted = { operation: 'add', flags: ['\\Deleted'] } as const;
    const some: UidRanges = [
      [2, 3],
      [5, 5],
    ];
    await store.storeFlags(inbox.id, some, deleted);
    await store.expunge(inbox.id, [[5, 5]]);
    await store.expunge(inbox.id);
    await append(store, inbox, ['f']);
    const changes = await store.changesSince(inbox.id, known);
    assert.deepEqual(
      changes.changed.map(({ uid }) => uid),
      [1, 6],
    );
    assert.deepEqual(changes.vanished, [2, 3, 5]);
    assert.equal(changes.uidNext, 7);
    const nothing = await store.changesSince(inbox.id, changes.highestModseq);
    assert.deepEqual([nothing.changed, nothing.vanished], [[], []]);
  });

  test(`${name}: \\Recent is told once`, async (t) => {
    const { store, inbox } = await openInbox(t, open);
    await append(store, inbox, ['a', 'b']);
    assert.equal((await store.status(inbox.id)).recent, 2);
    assert.equal(await store.firstRecent(inbox.id, false), 1);
    assert.equal(await store.firstRecent(inbox.id, true), 1);
    assert.equal(await store.firstRecent(inbox.id, true), 3);
    assert.equal((await store.status(inbox.id)).recent, 0);
    await append(store, inbox, ['c']);
    assert.equal((await store.status(inbox.id)).recent, 1);
    await store.storeFlags(inbox.id, all, { operation: 'add', flags: ['\\Deleted'] });
    await store.expunge(inbox.id);
    assert.equal((await store.status(inbox.id)).recent, 0);
    assert.equal(await store.firstRecent(inbox.id, true), 3);
  });

  test(`${name}: watchers hear of each change in their mailbox, after it is durable, until they stop`, async (t) => {
    const { store, inbox, mailboxId, addMailbox } = await openInbox(t, open);
    const otherId = await addMailbox('altro@esempio.it');
    const otherInbox = await store.findFolder(otherId, 'INBOX');
    assert.ok(otherInbox !== undefined);
    const heard: ChangeNotice[] = [];
    const stop = store.watch(mailboxId, (notice) => heard.push(notice));
    await append(store, inbox, ['a']);
    await append(store, otherInbox, ['not ours']);
    await store.storeFlags(inbox.id, all, { operation: 'add', flags: ['\\Seen'] });
    await store.storeFlags(inbox.id, all, { operation: 'add', flags: ['\\Seen'] });
    await store.createFolder(mailboxId, 'Nuova');
    assert.deepEqual(heard, [
      { mailboxId, folderId: inbox.id },
      { mailboxId, folderId: inbox.id },
      { mailboxId, folderId: undefined },
    ]);
    stop();
    stop();
    await append(store, inbox, ['b']);
    assert.equal(heard.length, 3);
  });

  test(`${name}: sessions that change one folder at the same time lose nothing`, async (t) => {
    const { store, inbox } = await openInbox(t, open);
    const work = Array.from({ length: 30 }, async (_, index) => {
      const [uid = 0] = await append(store, inbox, [`message ${index}`]);
      await store.storeFlags(inbox.id, [[uid, uid]], {
        operation: 'add',
        flags: ['\\Seen', `k${index % 3}`],
      });
      if (index % 2 === 0) {
        await store.storeFlags(inbox.id, [[uid, uid]], { operation: 'add', flags: ['\\Deleted'] });
        await store.expunge(inbox.id, [[uid, uid]]);
      }
    });
    await Promise.all(work);
    const status = await store.status(inbox.id);
    assert.deepEqual([status.messages, status.unseen, status.uidNext], [15, 0, 31]);
    await checkCounters(store, inbox);
    const { changed, vanished } = await store.changesSince(inbox.id, 0);
    assert.equal(changed.length + vanished.length, 30);
  });

  test(`${name}: a mailbox that is not there is a permanent error`, async (t) => {
    const { store } = await openInbox(t, open);
    await assert.rejects(store.listFolders(4711), { kind: 'permanent', reason: 'nonexistent' });
    await assert.rejects(store.quota(4711), { kind: 'permanent', reason: 'nonexistent' });
  });
}
