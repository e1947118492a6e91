/** Memory of the provider: idle, and what one message of 100 MB takes while it passes through. */
import { setTimeout as pause } from 'node:timers/promises';
import { ImapWatch } from '../load/imap-watch.ts';
import { SmtpSender } from '../load/smtp-sender.ts';
import { buildTestMessage } from '../load/test-message.ts';
import { recipientAccounts, senderAccounts } from '../servers/bench-server.ts';
import type { Provider } from '../servers/provider.ts';
import { readMemory, watchMemory } from './process-memory.ts';

export interface MemoryResult {
  readonly idle: number;
  readonly beforeLarge: number;
  /** The most while the large message was taken, delivered, and its receipts written. */
  readonly whileLarge: number;
}

const largeSize = 100_000_000;

/** Starts the provider anew, so that nothing of earlier loads is counted. */
export async function measureMemory(provider: Provider): Promise<MemoryResult> {
  await provider.halt();
  await provider.start();
  const pid = provider.process?.child.pid ?? 0;
  await pause(3000);
  const idle = readMemory(pid).now;
  // What is loaded and compiled with the first messages is no cost of the large one.
  for (let count = 0; count < 20; count += 1) await passOne(provider, count % 2 === 0 ? 8192 : 2_000_000);
  await pause(2000);
  const beforeLarge = readMemory(pid).now;
  const whileLarge = await watchMemory(pid, () => passOne(provider, largeSize));
  return { idle, beforeLarge, whileLarge };
}

let serial = 0;

/** Sends one and waits until both its receipts are there. */
async function passOne(provider: Provider, size: number): Promise<void> {
  const [account] = senderAccounts(provider, 1);
  const [recipient] = recipientAccounts(provider, 1);
  if (account === undefined || recipient === undefined) throw new Error('no mailboxes');
  const watch = await ImapWatch.open(provider.ports.imaps, account);
  const before = await watch.idle();
  const sender = await SmtpSender.open(provider.ports.submissions, account);
  serial += 1;
  const to = [recipient.address];
  const message = buildTestMessage({
    from: account.address,
    to,
    serial: `memory.${Date.now()}.${serial}`,
    size,
  });
  await sender.send(to, message);
  await watch.reaches(before + 2);
  sender.quit();
  watch.close();
}
