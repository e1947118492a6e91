/**
 * Another process that works on a whole store for ever, several callers at once: appends small and large
 * messages, delivers with a log entry in the same transaction (and tells each), marks, moves, expunges, sweeps.
 */
import { join } from 'node:path';
import { openFsBlobStore } from '../../../src/blob/fs.ts';
import { spool } from '../../../src/blob/read-segments.ts';
import { addContent } from '../../../src/content/content.ts';
import { createSweeper } from '../../../src/content/sweep.ts';
import { openSqlite } from '../../../src/db/sqlite.ts';
import { deliver } from '../../../src/mailbox/deliver.ts';
import { createMailStore } from '../../../src/mailbox/store.ts';
import { appendEvent } from '../../../src/message-log/append.ts';
import { inChunks, makeBytes } from '../blob-store-suite.ts';

const [folder = '', mailbox = '', round = ''] = process.argv.slice(2);
const mailboxId = Number(mailbox);
const db = openSqlite({ file: join(folder, 'store.db'), flush: 'beside' });
const blobs = await openFsBlobStore({ folder: join(folder, 'blobs') });
const clock = () => Date.now();
const store = createMailStore({ db, blobs, clock });
const sweeper = createSweeper({ db, blobs, clock, graceMs: 0, orphanAgeMs: 5000 });
const idOf = async (name: string) => (await store.findFolder(mailboxId, name))?.id ?? 0;
const [inbox, trash] = [await idOf('INBOX'), await idOf('Trash')];
const everything = [[1, Number.POSITIVE_INFINITY]] as const;

async function deliverOne(name: string): Promise<void> {
  const { segments, size } = await spool(blobs, inChunks(makeBytes(2000), 500), 1000);
  await db.transact(async (tx) => {
    const contentId = await addContent(tx, segments);
    await deliver(tx, { mailboxId, folder: 'Archive', contentId, size, internalDate: clock() });
    await appendEvent(tx, {
      type: 'put-into-mailbox',
      at: clock(),
      facts: {
        identificativo: name,
        msgid: undefined,
        sender: 'a@b.it',
        recipients: [],
        replyTo: '',
        subject: '',
      },
      sendingProvider: '',
      generated: [],
      messageId: `<${name}>`,
      mailbox: 'x@y.it',
    });
  });
  console.log(name);
}

async function append(size: number): Promise<void> {
  const content = await store.storeContent(inChunks(makeBytes(size), 10_000));
  await store.append(inbox, [{ content, flags: ['\\Seen'], internalDate: 0 }]);
}

async function forever(work: (turn: number) => Promise<unknown>): Promise<never> {
  for (let turn = 0; ; turn += 1) await work(turn);
}

await Promise.all([
  forever((turn) => deliverOne(`${round}-${turn}`)),
  forever(() => append(100)),
  forever(() => append(40_000)),
  forever(() => store.move(inbox, everything, trash)),
  forever(async () => {
    await store.storeFlags(trash, everything, { operation: 'add', flags: ['\\Deleted', 'k'] });
    await store.expunge(trash);
  }),
  forever(() => sweeper.sweep()),
]);
