/** Begins messages at random instants at a given rate, and takes the time to the 250 and to the receipts. */
import { setTimeout as pause } from 'node:timers/promises';
import { ImapWatch } from './imap-watch.ts';
import type { LatencyJob, LatencyResult } from './jobs.ts';
import { openAll } from './open-all.ts';
import { SmtpSender } from './smtp-sender.ts';
import { buildTestMessage } from './test-message.ts';

interface Post {
  readonly sender: SmtpSender;
  readonly inbox: ImapWatch | undefined;
  /** Messages in its mailbox once all it sent is done. */
  expected: number;
}

export async function runLatency(job: LatencyJob): Promise<LatencyResult> {
  const free = await openAll(job.senders, (account) => openPost(job, account));
  const posts = [...free];
  const answers: number[] = [];
  const receipts: number[] = [];
  const underWay = new Set<Promise<void>>();
  let late = 0;
  let begun = 0;
  const began = performance.now();
  const until = began + job.seconds * 1000;
  for (let next = began; next < until; next += (-Math.log(1 - Math.random()) * 1000) / job.rate) {
    const wait = next - performance.now();
    if (wait > 1) await pause(wait);
    const post = free.pop();
    if (post === undefined) {
      late += 1;
      await Promise.race(underWay);
      continue;
    }
    begun += 1;
    const work = sendOne(job, post, { number: begun, answers, receipts }).then(() => {
      free.push(post);
      underWay.delete(work);
    });
    underWay.add(work);
  }
  const rate = (begun * 1000) / (performance.now() - began);
  await Promise.all(underWay);
  for (const { sender, inbox } of posts) {
    sender.quit();
    inbox?.close();
  }
  const ascending = (a: number, b: number) => a - b;
  return { rate, answers: answers.sort(ascending), receipts: receipts.sort(ascending), late };
}

async function openPost(job: LatencyJob, account: LatencyJob['senders'][number]): Promise<Post> {
  const sender = await SmtpSender.open(job.submissions, account);
  if (job.receipts === 0) return { sender, inbox: undefined, expected: 0 };
  const inbox = await ImapWatch.open(job.imaps, account);
  return { sender, inbox, expected: await inbox.idle() };
}

interface Measured {
  readonly number: number;
  readonly answers: number[];
  readonly receipts: number[];
}

async function sendOne(job: LatencyJob, post: Post, { number, answers, receipts }: Measured): Promise<void> {
  const to = [job.recipients[number % job.recipients.length] ?? ''];
  const serial = `${Date.now().toString(36)}.${process.pid}.${number}`;
  const message = buildTestMessage({ from: post.sender.address, to, serial, size: job.size });
  const dot = await post.sender.send(to, message);
  answers.push(performance.now() - dot);
  if (post.inbox === undefined) return;
  post.expected += job.receipts;
  await post.inbox.reaches(post.expected);
  receipts.push(performance.now() - dot);
}
