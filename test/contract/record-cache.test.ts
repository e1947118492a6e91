/** Records kept in memory are never anything but what the rows say, whoever changes them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addContent } from '../../src/content/content.ts';
import { deliver } from '../../src/mailbox/deliver.ts';
import type { MailStore, MessageRecord, UidRanges } from '../../src/mailbox/mail-store.ts';
import { RecordCache } from '../../src/mailbox/record-cache.ts';
import { createMailStore } from '../../src/mailbox/store.ts';
import { addTestMailbox, openStore, type TestStore } from '../support/store.ts';
import { all } from './mail-store/steps.ts';

type Step =
  | { readonly kind: 'deliver'; readonly count: number }
  | { readonly kind: 'flag'; readonly flag: string; readonly add: boolean; readonly range: [number, number] }
  | { readonly kind: 'expunge' | 'move' | 'copy'; readonly range: [number, number] }
  | { readonly kind: 'read' | 'keep'; readonly range: [number, number] };

const range = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 }));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('deliver' as const), count: fc.integer({ min: 1, max: 4 }) }),
  fc.record({
    kind: fc.constant('flag' as const),
    flag: fc.constantFrom('\\Seen', '\\Deleted', '$Letto'),
    add: fc.boolean(),
    range,
  }),
  fc.record({ kind: fc.constantFrom('expunge' as const, 'move' as const, 'copy' as const), range }),
  fc.record({ kind: fc.constantFrom('read' as const, 'keep' as const), range }),
);

async function take({ db }: TestStore, store: MailStore, mailboxId: number, step: Step): Promise<void> {
  const [inbox, archive] = await Promise.all(
    ['INBOX', 'Archive'].map((name) => store.findFolder(mailboxId, name)),
  );
  assert.ok(inbox !== undefined && archive !== undefined);
  if (step.kind === 'deliver') {
    await db.transact(async (tx) => {
      for (let count = 0; count < step.count; count += 1) {
        const contentId = await addContent(tx, [Buffer.from('Subject: x\r\n\r\ny\r\n')]);
        await deliver(tx, { mailboxId, contentId, size: 17, internalDate: 1 });
      }
    });
    return;
  }
  if (step.kind === 'read' || step.kind === 'keep') return;
  const uids: UidRanges = [step.range];
  if (step.kind === 'flag') {
    const operation = step.add ? 'add' : 'remove';
    await store.storeFlags(inbox.id, uids, { operation, flags: [step.flag] });
  } else if (step.kind === 'expunge') await store.expunge(inbox.id, uids);
  else await store[step.kind](inbox.id, uids, archive.id);
}

/** One message at a time: nothing of it is kept. */
async function readRows(store: MailStore, folderId: number, [one, other]: [number, number]) {
  const records: MessageRecord[] = [];
  for (let uid = Math.min(one, other); uid <= Math.max(one, other); uid += 1) {
    for (const record of await store.messages(folderId, [[uid, uid]])) records.push(record);
  }
  return records;
}

test('kept records are what the rows say after any changes by others', async (t) => {
  const opened = openStore(t);
  let serial = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      serial += 1;
      const { id: mailboxId } = await addTestMailbox(opened, `casella${serial}@pec.example`);
      const writer = createMailStore(opened);
      const folder = await writer.findFolder(mailboxId, 'INBOX');
      assert.ok(folder !== undefined);
      const cache = new RecordCache(opened.db, 60);
      for (const each of steps) {
        await take(opened, writer, mailboxId, each);
        if (each.kind === 'keep') await cache.keep(folder.id);
        const wanted = 'range' in each ? each.range : ([1, 40] as [number, number]);
        const kept = await cache.read(folder.id, [wanted]);
        assert.deepEqual(kept, await readRows(createMailStore(opened), folder.id, wanted));
      }
    }),
    { numRuns: 25 },
  );
});

test('readings at the same time as changes see the folder at one moment', async (t) => {
  const opened = openStore(t);
  const { id: mailboxId } = await addTestMailbox(opened, 'casella@pec.example');
  const store = createMailStore(opened);
  const folder = await store.findFolder(mailboxId, 'INBOX');
  assert.ok(folder !== undefined);
  await take(opened, store, mailboxId, { kind: 'deliver', count: 20 });
  for (let round = 0; round < 20; round += 1) {
    const operation = round % 2 === 0 ? 'add' : 'remove';
    const before = store.messages(folder.id, all);
    const change = store.storeFlags(folder.id, all, { operation, flags: ['$Letto'] });
    const after = store.messages(folder.id, all);
    await change;
    for (const records of [await before, await after]) {
      assert.equal(new Set(records.map(({ flags }) => flags.includes('$Letto'))).size, 1);
    }
  }
});
