/** One message of 30 MB to 50 recipients with complete receipts: what it takes on disk, and that all of it is there. */
import { fetchMessages } from '../load/imap-fetch.ts';
import { ImapWatch } from '../load/imap-watch.ts';
import { type Account, SmtpSender } from '../load/smtp-sender.ts';
import { buildTestMessage } from '../load/test-message.ts';
import { recipientAccounts, senderAccounts } from '../servers/bench-server.ts';
import type { Provider } from '../servers/provider.ts';
import { type DiskUse, settledDiskUse, subtractUse } from './disk-use.ts';

export interface StorageResult {
  /** Bytes sent. */
  readonly sent: number;
  /** More on disk than before. */
  readonly stored: DiskUse;
  readonly fetched: number;
  /** Fetched messages that hold the original byte for byte. */
  readonly holding: number;
  /** Sum of the sizes of all fetched. */
  readonly fetchedBytes: number;
}

const recipientsOfOne = 50;
const messageSize = 30_000_000;

/**
 * With a provider that has had no other message: what it still has to do for earlier ones would be counted as well.
 * Counted while it serves, with all that a message leads to: its texts are indexed, and every copy has been listed and
 * read.
 */
export async function measureStorage(provider: Provider): Promise<StorageResult> {
  const [account] = senderAccounts(provider, 1);
  if (account === undefined) throw new Error('no mailboxes');
  const recipients = recipientAccounts(provider, recipientsOfOne);
  const to = recipients.map(({ address }) => address);
  const serial = `storage.${Date.now()}`;
  const message = buildTestMessage({ from: account.address, to, serial, size: messageSize });
  const before = await settledDiskUse(provider.config.dataFolder);
  await sendAndWait(provider, { account, to, message });
  const found = await fetchAll(provider, [account, ...recipients], message);
  const after = await settledDiskUse(provider.config.dataFolder);
  return { sent: message.length, stored: subtractUse(after, before), ...found };
}

interface Sending {
  readonly account: Account;
  readonly to: readonly string[];
  readonly message: Buffer;
}

/** Until the sender has all receipts. */
async function sendAndWait(provider: Provider, { account, to, message }: Sending): Promise<void> {
  const watch = await ImapWatch.open(provider.ports.imaps, account);
  const receipts = (await watch.idle()) + 1 + to.length;
  const sender = await SmtpSender.open(provider.ports.submissions, account);
  await sender.send(to, message);
  await watch.reaches(receipts);
  sender.quit();
  watch.close();
}

async function fetchAll(provider: Provider, accounts: readonly Account[], message: Buffer) {
  // The header changes by law (RFC 6109 §2.2.1): Message-ID; the body must not.
  const body = message.subarray(message.indexOf('\r\n\r\n'));
  let fetched = 0;
  let holding = 0;
  let fetchedBytes = 0;
  for (const account of accounts) {
    for await (const bytes of fetchMessages(provider.ports.imaps, account)) {
      fetched += 1;
      fetchedBytes += bytes.length;
      if (bytes.indexOf(body) >= 0) holding += 1;
    }
  }
  return { fetched, holding, fetchedBytes };
}
