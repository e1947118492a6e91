/**
 * Any sequence of changes to two folders: the stored counters stay those of the messages, UIDs and modseqs only
 * go up, and a session that asks for changes at any moments always arrives at what is there (RFC 7162).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pruneTombstones } from '../../src/mailbox/changes.ts';
import type { FlagChange, MailStore, MessageRecord, UidRanges } from '../../src/mailbox/mail-store.ts';
import { createMailStore } from '../../src/mailbox/store.ts';
import { addTestMailbox, openStore, type TestStore } from '../support/store.ts';

const numRuns = Math.ceil(Number(process.env.FUZZ_RUNS ?? 1000) / 25);
const everything: UidRanges = [[1, Number.POSITIVE_INFINITY]];

const folder = fc.constantFrom(0, 1);
const uid = fc.integer({ min: 1, max: 12 });
const ranges = fc.array(fc.tuple(uid, fc.oneof(uid, fc.constant(Number.POSITIVE_INFINITY))), {
  minLength: 1,
  maxLength: 3,
});
const flags = fc.uniqueArray(fc.constantFrom('\\Seen', '\\DELETED', '\\Flagged', 'Uno', 'UNO', 'due'), {
  maxLength: 3,
});
const operation = fc.constantFrom<FlagChange['operation']>('add', 'remove', 'replace');

const step = fc.oneof(
  fc.record({
    kind: fc.constant('append' as const),
    folder,
    sizes: fc.array(fc.nat(40), { maxLength: 3 }),
    flags,
  }),
  fc.record({
    kind: fc.constant('flags' as const),
    folder,
    ranges,
    operation,
    flags,
    behind: fc.option(fc.nat(5)),
  }),
  fc.record({ kind: fc.constantFrom('copy' as const, 'move' as const), folder, to: folder, ranges }),
  fc.record({ kind: fc.constant('expunge' as const), folder, ranges: fc.option(ranges) }),
  fc.record({ kind: fc.constant('recent' as const), folder }),
  fc.record({ kind: fc.constant('sync' as const), folder, session: fc.constantFrom(0, 1) }),
  fc.record({ kind: fc.constant('prune' as const), kept: fc.nat(3) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A session that knows a folder only by what it was told. */
class Session {
  readonly #messages = new Map<number, MessageRecord>();
  #modseq = 0;

  async sync(store: MailStore, folderId: number): Promise<void> {
    const changes = await store.changesSince(folderId, this.#modseq);
    assert.ok(changes.highestModseq >= this.#modseq);
    for (const gone of changes.vanished) this.#messages.delete(gone);
    for (const record of changes.changed) {
      assert.ok(record.modseq > this.#modseq && record.modseq <= changes.highestModseq);
      this.#messages.set(record.uid, record);
    }
    this.#modseq = changes.highestModseq;
    const known = [...this.#messages.values()].sort((a, b) => a.uid - b.uid);
    assert.deepEqual(known, await store.messages(folderId, everything));
  }
}

class World {
  readonly #store: MailStore;
  readonly #opened: TestStore;
  readonly #mailboxId: number;
  readonly #folders: readonly number[];
  readonly #sessions = [0, 1].map(() => [new Session(), new Session()]);
  readonly #last = new Map<number, { uidNext: number; modseq: number }>();

  constructor(opened: TestStore, mailboxId: number, folders: readonly number[]) {
    this.#opened = opened;
    this.#mailboxId = mailboxId;
    this.#folders = folders;
    this.#store = createMailStore(opened);
  }

  async take(one: Step): Promise<void> {
    try {
      await this.#run(one);
    } catch (error) {
      if ((error as { reason?: string }).reason !== 'over-quota') throw error;
    }
    for (const id of this.#folders) await this.#check(id);
    const use = await this.#store.quota(this.#mailboxId);
    const all = await Promise.all(this.#folders.map((id) => this.#store.messages(id, everything)));
    assert.equal(use.usedMessages, all.flat().length);
    assert.equal(
      use.usedBytes,
      all.flat().reduce((sum, { size }) => sum + size, 0),
    );
    assert.ok(use.usedBytes <= use.limitBytes);
  }

  async #run(one: Step): Promise<unknown> {
    const store = this.#store;
    if (one.kind === 'prune') return this.#opened.db.transact((tx) => pruneTombstones(tx, one.kept));
    const id = this.#folders[one.folder] ?? 0;
    switch (one.kind) {
      case 'append': {
        const messages = one.sizes.map((size) => ({
          content: [new Uint8Array(size)],
          flags: one.flags,
          internalDate: 0,
        }));
        return store.append(id, messages);
      }
      case 'flags': {
        const { highestModseq } = await store.status(id);
        const unchangedSince = one.behind === null ? {} : { unchangedSince: highestModseq - one.behind };
        return store.storeFlags(id, one.ranges, {
          operation: one.operation,
          flags: one.flags,
          ...unchangedSince,
        });
      }
      case 'expunge':
        return store.expunge(id, one.ranges ?? undefined);
      case 'recent':
        return store.firstRecent(id, true);
      case 'sync':
        return this.#sessions[one.folder]?.[one.session]?.sync(store, id);
      default:
        return store[one.kind](id, one.ranges, this.#folders[one.to] ?? 0);
    }
  }

  async #check(id: number): Promise<void> {
    const status = await this.#store.status(id);
    const messages = await this.#store.messages(id, everything);
    const recentFrom = await this.#store.firstRecent(id, false);
    const has = (flag: string) => messages.filter((message) => message.flags.includes(flag)).length;
    assert.deepEqual(
      [status.messages, status.unseen, status.deleted, status.recent],
      [
        messages.length,
        messages.length - has('\\Seen'),
        has('\\Deleted'),
        messages.filter((message) => message.uid >= recentFrom).length,
      ],
    );
    assert.deepEqual(
      await this.#store.uids(id),
      messages.map((message) => message.uid),
    );
    const last = this.#last.get(id);
    assert.ok(last === undefined || (status.uidNext >= last.uidNext && status.highestModseq >= last.modseq));
    this.#last.set(id, { uidNext: status.uidNext, modseq: status.highestModseq });
  }
}

test('the mail store stays true to itself and to its sessions', async (t) => {
  const opened = openStore(t);
  let count = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      count += 1;
      const mailbox = await addTestMailbox(opened, `m${count}@esempio.it`, 300);
      const store = createMailStore(opened);
      const inbox = await store.findFolder(mailbox.id, 'INBOX');
      const other = await store.createFolder(mailbox.id, 'Altro');
      const world = new World(opened, mailbox.id, [inbox?.id ?? 0, other.id]);
      for (const one of steps) await world.take(one);
      for (const index of [0, 1] as const) {
        for (const session of [0, 1] as const) await world.take({ kind: 'sync', folder: index, session });
      }
    }),
    { numRuns },
  );
});
