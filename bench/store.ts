/**
 * What the store does in a second on this machine: `node bench/store.ts [folder]`. The folder should be on the
 * disk that would be used; a temporary one is taken otherwise.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addDomain } from '../src/accounts/domains.ts';
import { insertMailbox } from '../src/accounts/mailboxes.ts';
import { openFsBlobStore } from '../src/blob/fs.ts';
import { addContent } from '../src/content/content.ts';
import { openSqlite } from '../src/db/sqlite.ts';
import { deliver } from '../src/mailbox/deliver.ts';
import type { UidRanges } from '../src/mailbox/mail-store.ts';
import { createMailStore } from '../src/mailbox/store.ts';

const parent = process.argv[2] ?? tmpdir();
mkdirSync(parent, { recursive: true });
const folder = mkdtempSync(join(parent, 'openpec-bench-'));
const all: UidRanges = [[1, Number.POSITIVE_INFINITY]];

function report(what: string, count: number, began: number): void {
  const ms = performance.now() - began;
  const rate = Math.round((count * 1000) / ms).toLocaleString('en');
  console.log(`${what.padEnd(58)} ${rate.padStart(9)}/s  ${(ms / count).toFixed(3).padStart(9)} ms each`);
}

/** Runs `work` `count` times by so many callers at once. */
async function measure(
  what: string,
  { count, callers }: { count: number; callers: number },
  work: () => Promise<unknown>,
) {
  let left = count;
  const began = performance.now();
  const call = async () => {
    while (left > 0) {
      left -= 1;
      await work();
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  report(`${what}, ${callers} at once`, count, began);
}

async function once(what: string, work: () => Promise<unknown>): Promise<void> {
  const began = performance.now();
  let longest = 0;
  let turned = performance.now();
  const turning = setInterval(() => {
    longest = Math.max(longest, performance.now() - turned);
    turned = performance.now();
  }, 1);
  await work();
  clearInterval(turning);
  const ms = performance.now() - began;
  console.log(
    `${what.padEnd(58)} ${ms.toFixed(1).padStart(9)} ms, event loop held ${longest.toFixed(0)} ms at most`,
  );
}

const db = openSqlite({ file: join(folder, 'store.db'), flush: 'beside' });
const blobs = await openFsBlobStore({ folder: join(folder, 'blobs') });
const store = createMailStore({ db, blobs, clock: Date.now });
await db.transact((tx) => addDomain(tx, 'esempio.it', Date.now()));
const mailboxIds: number[] = [];
for (let count = 0; count < 200; count += 1) {
  const address = `m${count}@esempio.it`;
  const wanted = { address, quotaBytes: Number.MAX_SAFE_INTEGER };
  mailboxIds.push((await db.transact((tx) => insertMailbox(tx, wanted, Date.now()))).id);
}
const inboxes = await Promise.all(
  mailboxIds.map(async (id) => (await store.findFolder(id, 'INBOX'))?.id ?? 0),
);
const pick = <T>(from: readonly T[], fallback: T): T =>
  from[Math.floor(Math.random() * from.length)] ?? fallback;

async function* bytesOf(size: number): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(size, 'Subject: x\r\n\r\nmessage text\r\n');
}

const small = { count: 3000, callers: 1 };
const many = { count: 50_000, callers: 100 };
let counter = 0;
const setting = () => {
  counter += 1;
  const limit = counter;
  return db.transact((tx) =>
    tx.run('UPDATE mailbox SET recipients_per_day = ? WHERE id = ?', limit, pick(mailboxIds, 1)),
  );
};
await measure('transact, one statement', small, setting);
await measure('transact, one statement', many, setting);
const read = () => db.read((tx) => tx.get('SELECT * FROM mailbox WHERE id = ?', pick(mailboxIds, 1)));
await measure('read, one statement', { count: 50_000, callers: 1 }, read);

for (const size of [20_000, 40_000]) {
  const append = async () => {
    const content = await store.storeContent(bytesOf(size));
    await store.append(pick(inboxes, 1), [{ content, flags: [], internalDate: Date.now() }]);
  };
  const where = size > 32_768 ? 'in a blob' : 'inline';
  await measure(`append ${size / 1000} KB, ${where}`, { count: 1000, callers: 1 }, append);
  await measure(`append ${size / 1000} KB, ${where}`, { count: 6000, callers: 100 }, append);
}

const content = Buffer.alloc(3000, 'x');
const deliverOne = () =>
  db.transact(async (tx) => {
    const contentId = await addContent(tx, [content]);
    await deliver(tx, { mailboxId: pick(mailboxIds, 1), contentId, size: 3000, internalDate: Date.now() });
  });
await measure('deliver 3 KB', { count: 30_000, callers: 100 }, deliverOne);

const big = await store.createFolder(mailboxIds[0] ?? 0, 'Big');
const shared = await db.transact((tx) => addContent(tx, [content]));
await once('fill a folder with 100,000 messages', async () => {
  for (let count = 0; count < 100; count += 1) {
    await db.transact(async (tx) => {
      for (let message = 0; message < 1000; message += 1) {
        await deliver(tx, {
          mailboxId: mailboxIds[0] ?? 0,
          folder: 'Big',
          contentId: shared,
          size: 3000,
          internalDate: count,
          overQuota: true,
        });
      }
    });
  }
});
const other = await store.createFolder(mailboxIds[0] ?? 0, 'Other');
await once('100,000: status', () => store.status(big.id));
await once('100,000: UIDs', () => store.uids(big.id));
await once('100,000: all records', () => store.messages(big.id, all));
await once('100,000: one record', () => store.messages(big.id, [[50_000, 50_000]]));
await once('100,000: changes since the beginning', () => store.changesSince(big.id, 0));
await once('100,000: +FLAGS \\Seen on all', () =>
  store.storeFlags(big.id, all, { operation: 'add', flags: ['\\Seen'] }),
);
await once('100,000: copy all', () => store.copy(big.id, all, other.id));
const every = Array.from({ length: 50_000 }, (_, index): [number, number] => [index * 2 + 1, index * 2 + 1]);
await once('100,000: +FLAGS \\Deleted on every second', () =>
  store.storeFlags(big.id, every, { operation: 'add', flags: ['\\Deleted'] }),
);
await once('100,000: expunge every second', () => store.expunge(big.id));
await once('100,000: changes since the beginning, 50,000 vanished', () => store.changesSince(big.id, 0));
await once('100,000: delete the folder', () => store.deleteFolder(mailboxIds[0] ?? 0, 'Other'));
await db.close();
rmSync(folder, { recursive: true });
