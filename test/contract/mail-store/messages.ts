/** Messages and flags of a mail store: bytes, UIDs, ranges, quota, modseqs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UidRanges } from '../../../src/mailbox/mail-store.ts';
import {
  all,
  append,
  checkCounters,
  type OpenMailStore,
  openInbox,
  readText,
  uidsAndFlags,
} from './steps.ts';

export function testMessages(name: string, open: OpenMailStore): void {
  test(`${name}: bytes come back exactly, whole and in part, small and large`, async (t) => {
    const { store, inbox } = await openInbox(t, open);
    const large = 'Subject: x\r\n\r\n'.padEnd(100_000, 'àbc\u0000\n');
    const [one, two] = await append(store, inbox, ['', large]);
    assert.deepEqual([one, two], [1, 2]);
    const [empty, big] = await store.messages(inbox.id, all);
    assert.deepEqual([empty?.size, big?.size], [0, 100_000]);
    assert.equal(await readText(store, empty?.contentId ?? 0), '');
    assert.equal(await readText(store, big?.contentId ?? 0), large);
    const part = { offset: 50_001, length: 17 };
    assert.equal(await readText(store, big?.contentId ?? 0, part), large.slice(50_001, 50_018));
    assert.equal((await store.structure(big?.contentId ?? 0)).bodyStart, 14);
  });

  test(`${name}: a record says what was stored and when`, async (t) => {
    const { store, inbox, time } = await openInbox(t, open);
    time.now += 5000;
    await append(store, inbox, ['hello'], ['\\seen', '$Forwarded', '\\Recent', '$forwarded']);
    const [record] = await store.messages(inbox.id, all);
    assert.deepEqual(
      { ...record, contentId: 0, modseq: 0 },
      {
        uid: 1,
        modseq: 0,
        flags: ['\\Seen', '$Forwarded'],
        size: 5,
        internalDate: 1_700_000_000_000,
        savedAt: time.now,
        contentId: 0,
      },
    );
  });

  test(`${name}: UIDs go up and are never given again, not even the last`, async (t) => {
    const { store, inbox } = await openInbox(t, open);
    assert.deepEqual(await append(store, inbox, ['a', 'b', 'c']), [1, 2, 3]);
    await store.storeFlags(inbox.id, [[2, 3]], { operation: 'add', flags: ['\\Deleted'] });
    assert.deepEqual(await store.expunge(inbox.id), [2, 3]);
    assert.equal((await store.status(inbox.id)).uidNext, 4);
    assert.deepEqual(await append(store, inbox, ['d']), [4]);
    assert.deepEqual(await store.uids(inbox.id), [1, 4]);
  });

  test(`${name}: ranges in any order, overlapping, open-ended, beyond the end`, async (t) => {
    const { store, inbox } = await openInbox(t, open);
    await append(
      store,
      inbox,
      Array.from({ length: 10 }, (_, index) => `${index}`),
    );
    const uidsOf = async (ranges: UidRanges) =>
      (await store.messages(inbox.id, ranges)).map(({ uid }) => uid);
    const infinity = Number.POSITIVE_INFINITY;
    assert.deepEqual(
      await uidsOf([
        [9, infinity],
        [3, 4],
        [4, 5],
      ]),
      [3, 4, 5, 9, 10],
    );
    assert.deepEqual(await uidsOf([[100, infinity]]), []);
    assert.deepEqual(await uidsOf([]), []);
    assert.deepEqual(await uidsOf([[5, 3]]), [3, 4, 5]);
  });

  test(`${name}: several messages are appended all or none`, async (t) => {
    const { store, inbox, mailboxId } = await openInbox(t, open, 10);
    await assert.rejects(append(store, inbox, ['12345', '123456']), {
      kind: 'permanent',
      smtp: { code: 552, enhanced: '5.2.2' },
    });
    assert.equal((await store.status(inbox.id)).messages, 0);
    assert.deepEqual(await append(store, inbox, ['12345', '12345']), [1, 2]);
    assert.deepEqual(await store.quota(mailboxId), { usedBytes: 10, limitBytes: 10, usedMessages: 2 });
    await assert.rejects(append(store, inbox, ['1']), { reason: 'over-quota' });
    await checkCounters(store, inbox);
  });

  test(`${name}: expunge removes what is marked, of the named ones if any`, async (t) => {
    const { store, inbox, mailboxId } = await openInbox(t, open);
    await append(store, inbox, ['a', 'bb', 'ccc', 'dddd']);
    await store.storeFlags(inbox.id, all, { operation: 'add', flags: ['\\Deleted'] });
    await store.storeFlags(inbox.id, [[3, 3]], { operation: 'remove', flags: ['\\Deleted'] });
    assert.deepEqual(await store.expunge(inbox.id, [[2, 3]]), [2]);
    assert.deepEqual(await store.uids(inbox.id), [1, 3, 4]);
    await checkCounters(store, inbox);
    assert.deepEqual(await store.expunge(inbox.id), [1, 4]);
    assert.deepEqual(await store.expunge(inbox.id), []);
    assert.equal((await store.quota(mailboxId)).usedBytes, 3);
    await checkCounters(store, inbox);
  });
}

export function testFlags(name: string, open: OpenMailStore): void {
  test(`${name}: flags are added, removed and replaced, compared without case`, async (t) => {
    const { store, inbox } = await openInbox(t, open);
    await append(store, inbox, ['a', 'b'], ['\\Flagged', 'Lavoro']);
    const change = (operation: 'add' | 'remove' | 'replace', ...flags: string[]) =>
      store.storeFlags(inbox.id, [[1, 1]], { operation, flags });
    await change('add', '\\SEEN', 'LAVORO', 'Urgente');
    assert.deepEqual(await uidsAndFlags(store, inbox), [
      '1 \\Seen \\Flagged Lavoro Urgente',
      '2 \\Flagged Lavoro',
    ]);
    await change('remove', '\\flagged', 'lavoro');
    assert.deepEqual((await uidsAndFlags(store, inbox))[0], '1 \\Seen Urgente');
    const { updated } = await change('replace', '\\Draft', 'URGENTE', 'nuovo');
    assert.deepEqual(updated[0]?.flags, ['\\Draft', 'Urgente', 'nuovo']);
    await change('replace');
    assert.deepEqual(await uidsAndFlags(store, inbox), ['1', '2 \\Flagged Lavoro']);
    await checkCounters(store, inbox);
    assert.deepEqual(await store.keywords(inbox.id), ['Lavoro', 'nuovo', 'Urgente']);
  });

  test(`${name}: names that are no flags are refused and nothing changes`, async (t) => {
    const { store, inbox } = await openInbox(t, open);
    await append(store, inbox, ['a']);
    const before = await store.status(inbox.id);
    for (const bad of ['\\Unknown', '', 'with space', 'paren(', 'star*', 'quote"']) {
      const change = store.storeFlags(inbox.id, all, { operation: 'add', flags: ['\\Seen', bad] });
      await assert.rejects(change, { reason: 'cannot' }, bad);
    }
    const many = Array.from({ length: 101 }, (_, index) => `k${index}`);
    await assert.rejects(store.storeFlags(inbox.id, all, { operation: 'add', flags: many }), {
      reason: 'limit',
    });
    assert.deepEqual(await store.status(inbox.id), before);
  });

  test(`${name}: modseq goes up with each change and only for what changed`, async (t) => {
    const { store, inbox } = await openInbox(t, open);
    await append(store, inbox, ['a', 'b', 'c']);
    const before = (await store.status(inbox.id)).highestModseq;
    await store.storeFlags(inbox.id, [[2, 2]], { operation: 'add', flags: ['\\Seen'] });
    const again = await store.storeFlags(inbox.id, all, { operation: 'add', flags: ['\\Seen'] });
    const modseqs = again.updated.map(({ modseq }) => modseq);
    assert.deepEqual(modseqs, [before + 2, before + 1, before + 2]);
    const unchanged = await store.storeFlags(inbox.id, all, { operation: 'add', flags: ['\\Seen'] });
    assert.deepEqual(
      unchanged.updated.map(({ modseq }) => modseq),
      modseqs,
    );
    assert.equal((await store.status(inbox.id)).highestModseq, before + 2);
  });

  test(`${name}: UNCHANGEDSINCE leaves later changes alone and says so`, async (t) => {
    const { store, inbox } = await openInbox(t, open);
    await append(store, inbox, ['a', 'b', 'c']);
    const known = (await store.status(inbox.id)).highestModseq;
    await store.storeFlags(inbox.id, [[2, 2]], { operation: 'add', flags: ['\\Answered'] });
    const { updated, unchanged } = await store.storeFlags(inbox.id, all, {
      operation: 'add',
      flags: ['\\Seen'],
      unchangedSince: known,
    });
    assert.deepEqual(
      updated.map(({ uid }) => uid),
      [1, 3],
    );
    assert.deepEqual(unchanged, [2]);
    assert.deepEqual(await uidsAndFlags(store, inbox), ['1 \\Seen', '2 \\Answered', '3 \\Seen']);
    await checkCounters(store, inbox);
  });
}
