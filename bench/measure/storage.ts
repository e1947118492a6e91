/** One message of 30 MB to 50 recipients with complete receipts: what it takes on disk, and that all of it is there. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fetchMessages } from '../load/imap-fetch.ts';
import { ImapWatch } from '../load/imap-watch.ts';
import { type Account, SmtpSender } from '../load/smtp-sender.ts';
import { buildTestMessage } from '../load/test-message.ts';
import { recipientAccounts, senderAccounts, sendersAtHand } from '../servers/bench-server.ts';
import type { Provider } from '../servers/provider.ts';

export interface StorageResult {
  /** Bytes sent. */
  readonly sent: number;
  /** More on disk than before, bytes. */
  readonly stored: number;
  readonly fetched: number;
  /** Fetched messages that hold the original byte for byte. */
  readonly holding: number;
  /** Sum of the sizes of all fetched. */
  readonly fetchedBytes: number;
}

const recipientsOfOne = 50;
const messageSize = 30_000_000;

export async function measureStorage(provider: Provider): Promise<StorageResult> {
  // Somebody who has sent nothing else.
  const account = senderAccounts(provider, sendersAtHand).at(-1);
  if (account === undefined) throw new Error('no mailboxes');
  const recipients = recipientAccounts(provider, recipientsOfOne);
  const to = recipients.map(({ address }) => address);
  const serial = `storage.${Date.now()}`;
  const message = buildTestMessage({ from: account.address, to, serial, size: messageSize });
  // The log beside the database is emptied when it stops; what it holds stands in the database too, then.
  await provider.halt();
  const before = diskUse(provider.config.dataFolder);
  await provider.start();
  const starts = await Promise.all(recipients.map((recipient) => countIn(provider, recipient)));
  const watch = await ImapWatch.open(provider.ports.imaps, account);
  const first = (await watch.idle()) + 1;
  const sender = await SmtpSender.open(provider.ports.submissions, account);
  await sender.send(to, message);
  await watch.reaches(first + recipientsOfOne);
  sender.quit();
  watch.close();
  await provider.halt();
  const stored = diskUse(provider.config.dataFolder) - before;
  await provider.start();
  const places = recipients.map((recipient, index) => ({ recipient, from: (starts[index] ?? 0) + 1 }));
  const found = await fetchAll(provider, [{ recipient: account, from: first }, ...places], message);
  return { sent: message.length, stored, ...found };
}

async function countIn(provider: Provider, account: Account): Promise<number> {
  const watch = await ImapWatch.open(provider.ports.imaps, account);
  const count = await watch.count();
  watch.close();
  return count;
}

interface Place {
  readonly recipient: Account;
  readonly from: number;
}

async function fetchAll(provider: Provider, places: readonly Place[], message: Buffer) {
  // The header changes by law (RFC 6109 §2.2.1): Message-ID; the body must not.
  const body = message.subarray(message.indexOf('\r\n\r\n'));
  let fetched = 0;
  let holding = 0;
  let fetchedBytes = 0;
  for (const { recipient, from } of places) {
    for await (const bytes of fetchMessages(provider.ports.imaps, recipient, from)) {
      fetched += 1;
      fetchedBytes += bytes.length;
      if (bytes.indexOf(body) >= 0) holding += 1;
    }
  }
  return { fetched, holding, fetchedBytes };
}

/** Bytes of all files, as the disk counts them. */
function diskUse(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).blocks * 512, 0);
}
