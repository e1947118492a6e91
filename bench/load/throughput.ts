/** Sends as fast as the server takes it for some seconds, then waits until all of it stands in the mailboxes. */
import { setTimeout as pause } from 'node:timers/promises';
import { ImapWatch } from './imap-watch.ts';
import type { ThroughputJob, ThroughputResult } from './jobs.ts';
import { openAll } from './open-all.ts';
import { SmtpSender } from './smtp-sender.ts';
import { buildTestMessage } from './test-message.ts';

/** Between two looks into the mailboxes at the end, milliseconds. */
const lookEveryMs = 20;
/** Before that: half of what the rest will take by the rate so far, but no longer. Looking is work for the server as well. */
const longestPauseMs = 1000;
/** After so long without another message the server has lost what is missing. */
const giveUpMs = 60_000;

export async function runThroughput(job: ThroughputJob): Promise<ThroughputResult> {
  const watches: ImapWatch[] = [];
  for (const { imaps, accounts } of job.counted)
    watches.push(...(await openAll(accounts, (account) => ImapWatch.open(imaps, account))));
  const before = await countAll(watches);
  const senders = await openAll(job.senders, (account) => SmtpSender.open(job.submissions, account));
  const cpu = process.cpuUsage();
  const began = performance.now();
  const until = began + job.seconds * 1000;
  const run = makeSerials();
  let sent = 0;
  await Promise.all(
    senders.map(async (sender) => {
      while (performance.now() < until) {
        const number = sent;
        sent += 1;
        const to = pickRecipients(job, number);
        const serial = `${run}.${number}`;
        await sender.send(to, buildTestMessage({ from: sender.address, to, serial, size: job.size }));
      }
    }),
  );
  const answered = performance.now();
  const { user, system } = process.cpuUsage(cpu);
  await waitForAll(watches, { before, wanted: before + sent * job.storedPerMessage, began });
  const ended = performance.now();
  for (const sender of senders) sender.quit();
  for (const watch of watches) watch.close();
  const seconds = (ended - began) / 1000;
  return {
    sent,
    seconds,
    secondsToAnswer: (answered - began) / 1000,
    rate: sent / seconds,
    ownCpuMs: (user + system) / 1000 / sent,
  };
}

async function countAll(watches: readonly ImapWatch[]): Promise<number> {
  const counts = await Promise.all(watches.map((watch) => watch.count()));
  return counts.reduce((sum, count) => sum + count, 0);
}

interface Awaited {
  readonly before: number;
  readonly wanted: number;
  /** When the first was sent, by `performance.now()`. */
  readonly began: number;
}

async function waitForAll(watches: readonly ImapWatch[], { before, wanted, began }: Awaited): Promise<void> {
  let known = 0;
  let until = performance.now() + giveUpMs;
  for (;;) {
    const count = await countAll(watches);
    const now = performance.now();
    if (count !== known) until = now + giveUpMs;
    known = count;
    if (count === wanted) return;
    if (count > wanted) throw new Error(`${count} messages stand in the mailboxes; ${wanted} were expected`);
    if (now > until) throw new Error(`only ${count} of ${wanted} messages reached their mailboxes`);
    const left = ((wanted - count) * (now - began)) / Math.max(1, count - before);
    await pause(Math.max(lookEveryMs, Math.min(left / 2, longestPauseMs)));
  }
}

function pickRecipients({ recipients, recipientsPerMessage }: ThroughputJob, number: number): string[] {
  return Array.from(
    { length: recipientsPerMessage },
    (_, index) => recipients[(number * recipientsPerMessage + index) % recipients.length] ?? '',
  );
}

/** Different in each run, so that no server takes a message for one it knows. */
function makeSerials(): string {
  return `${Date.now().toString(36)}.${process.pid}`;
}
