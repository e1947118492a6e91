import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rangesOf } from '../../../src/imap/number-ranges.ts';
import { FolderView } from '../../../src/imap/view.ts';
import type { FolderChanges, MailStore, MessageRecord } from '../../../src/mailbox/mail-store.ts';

const record = (uid: number, modseq: number, flags: string[] = []): MessageRecord => ({
  uid,
  modseq,
  flags,
  size: 1,
  internalDate: 0,
  savedAt: 0,
  contentId: uid,
});

/** A store that tells the given changes, one a call. */
function storeTelling(...changes: (Partial<FolderChanges> & { highestModseq: number })[]): MailStore {
  const left = [...changes];
  return {
    changesSince: async (_folder: number, since: number) => ({
      uidNext: 100,
      changed: [],
      vanished: [],
      ...(left.shift() ?? { highestModseq: since }),
    }),
    firstRecent: async () => 1,
  } as unknown as MailStore;
}

function openView(uids: number[], modseq = 10): FolderView {
  const status = { highestModseq: modseq, uidNext: 50 };
  const folder = { id: 1, name: 'x' };
  return new FolderView({ folder, status, uids: rangesOf(uids), readOnly: false, firstRecent: 50 } as never);
}

describe('the view of a folder', () => {
  it('takes no messages that came after its status was read', () => {
    assert.equal(openView([1, 2, 50, 51]).count, 2);
  });

  it('keeps removed messages counted until they may be announced', async () => {
    const view = openView([1, 2, 3]);
    await view.refresh(storeTelling({ highestModseq: 12, vanished: [2, 9] }));
    const held = view.takeAnnouncement(false);
    const nothing = {
      vanished: [],
      expunged: [],
      exists: undefined,
      changed: [],
      added: [],
      foreign: [],
      touched: new Set(),
    };
    assert.deepEqual(held, nothing);
    assert.equal(view.sequenceOf(3), 3);
    assert.ok(view.hasGone);
    assert.equal(view.modseq, 10, 'the client has not been told all');
    const told = view.takeAnnouncement(true);
    assert.deepEqual(told.expunged, [2]);
    assert.equal(view.sequenceOf(3), 2);
    assert.equal(view.modseq, 12);
  });

  it('says nothing of a message that came and went untold', async () => {
    const view = openView([1]);
    const store = storeTelling(
      { highestModseq: 11, changed: [record(60, 11), record(61, 11)] },
      { highestModseq: 12, vanished: [1, 61] },
    );
    await view.refresh(store);
    await view.refresh(store);
    const told = view.takeAnnouncement(true);
    assert.deepEqual(told.vanished, [[1, 1]]);
    assert.deepEqual(told.expunged, [1]);
    assert.equal(told.exists, 1);
    assert.equal(view.uidAt(1), 60);
  });

  it('does not repeat what a command of its own was answered', async () => {
    const view = openView([1, 2]);
    view.noteTold([record(1, 11)]);
    await view.refresh(storeTelling({ highestModseq: 12, changed: [record(1, 11), record(2, 12)] }));
    assert.deepEqual(
      view.takeAnnouncement(true).changed.map(({ uid }) => uid),
      [2],
    );
  });

  it('tells a change after its own, and forgets what was told when it has gone by', async () => {
    const view = openView([1]);
    view.noteTold([record(1, 11)]);
    await view.refresh(storeTelling({ highestModseq: 13, changed: [record(1, 13)] }));
    assert.equal(view.takeAnnouncement(true).changed.length, 1);
  });
});
