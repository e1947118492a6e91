/**
 * What a message costs inside: submitted to the access point and delivered here, on SQLite, without SMTP and TLS. Prints
 * the processor time of the main thread, which is what bounds the rate, and of all threads, for one message.
 * `node bench/points.ts [messages]`; with `--cpu-prof` Node writes a profile of it.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAccounts } from '../src/accounts/accounts.ts';
import type { Mailbox } from '../src/accounts/mailboxes.ts';
import { MemoryBlobStore } from '../src/blob/memory.ts';
import { openSqlite } from '../src/db/sqlite.ts';
import { createAccessPoint } from '../src/points/access-point.ts';
import { createDeliveryPoint } from '../src/points/delivery-point.ts';
import { startDeliveryWorker } from '../src/points/delivery-worker.ts';
import { openIssuingThreads } from '../src/points/issuing-threads.ts';
import { buildTestParts, chunked, workday } from '../test/support/point-parts.ts';
import { addTestMailbox, cheapHasher } from '../test/support/store.ts';
import { buildTestMessage } from './load/test-message.ts';
import { quantile } from './statistics.ts';

const wanted = Number(process.argv[2] ?? 5000);
/** Messages to one figure; of the figures the lowest ones say most, since the machine only ever adds. */
const slice = 100;
const warmUp = 1500;
const quota = 2 ** 42;

const folder = mkdtempSync(join(tmpdir(), 'openpec-points-'));
const time = { now: workday };
const clock = () => time.now;
const file = join(folder, 'store.db');
const db = openSqlite({ file, flush: 'beside' });
const blobs = new MemoryBlobStore(clock);
const accounts = createAccounts({ db, clock, hasher: cheapHasher });
const store = { file, db, blobs, time, clock, accounts };

let delivered = 0;
let whenDelivered: () => void = () => undefined;
const issuing = openIssuingThreads({
  threads: Math.max(1, availableParallelism() - 1),
  blobFolder: undefined,
  onError: (error) => console.error(error),
});
const parts = buildTestParts(store, {
  issuing,
  random: (length) => randomBytes(length),
  workers: {
    reserveDelivery: (recipients) => worker.reserve(recipients),
    deliveriesWaiting: () => worker.wake(),
    queueWaiting: () => undefined,
    timeoutsChanged: () => undefined,
  },
  steps: {
    reached: async (step) => {
      if (step !== 'delivery:committed') return;
      delivered += 1;
      whenDelivered();
    },
  },
});
const worker = await startDeliveryWorker({
  parts,
  deliveryPoint: createDeliveryPoint(parts),
  concurrency: 64,
  onError: (error) => console.error(error),
});
const accessPoint = createAccessPoint(parts);

async function addMailboxes(name: string, count: number): Promise<Mailbox[]> {
  const made: Mailbox[] = [];
  for (let index = 0; index < count; index += 1)
    made.push(await addTestMailbox(store, `${name}${index}@alfa.test`, quota));
  return made;
}

const senders = await addMailboxes('mittente', 20);
const recipients = await addMailboxes('casella', 64);
let begun = 0;

async function sendOne({ id, address }: Mailbox): Promise<void> {
  begun += 1;
  const to = [recipients[begun % recipients.length]?.address ?? ''];
  const message = buildTestMessage({ from: address, to, serial: `points.${begun}`, size: 8192 });
  const answer = await accessPoint.submit({
    login: { name: address, mailboxId: id },
    client: { address: '127.0.0.1', helo: 'localhost', tls: 'TLSv1.3' },
    reversePath: address,
    recipients: to,
    source: chunked(message),
  });
  void answer.answered();
}

/** So many messages, from all senders at once, until each is delivered. */
async function pass(count: number): Promise<void> {
  const goal = delivered + count;
  const done = new Promise<void>((resolve) => {
    whenDelivered = () => {
      if (delivered >= goal) resolve();
    };
  });
  let left = count;
  const send = async (sender: Mailbox) => {
    while (left > 0) {
      left -= 1;
      await sendOne(sender);
    }
  };
  await Promise.all(senders.map(send));
  await done;
}

await pass(warmUp);
const main: number[] = [];
const all: number[] = [];
const wall: number[] = [];
for (let count = 0; count < wanted; count += slice) {
  const began = { thread: process.threadCpuUsage(), whole: process.cpuUsage(), at: performance.now() };
  await pass(slice);
  const thread = process.threadCpuUsage(began.thread);
  const whole = process.cpuUsage(began.whole);
  main.push((thread.user + thread.system) / slice);
  all.push((whole.user + whole.system) / slice);
  wall.push(((performance.now() - began.at) * 1000) / slice);
}
const describe = (values: number[]) => {
  const ascending = values.sort((a, b) => a - b);
  return `${quantile(ascending, 0.1).toFixed(0)} µs (median ${quantile(ascending, 0.5).toFixed(0)})`;
};
console.log(`for each message, lowest tenth: main thread ${describe(main)}, all threads ${describe(all)}`);
console.log(`from the first to the last: ${describe(wall)}`);
await worker.stop();
await issuing.close();
await db.close();
rmSync(folder, { recursive: true });
