/**
 * What the provider does by itself, in small steps beside the mail: bytes that nothing points to go, what was kept
 * as long as it must be is let go, the service mailbox is there. A task that fails tells so and comes again; none
 * keeps another from its turn.
 */
import type { Accounts } from '../accounts/accounts.ts';
import { forgetSent } from '../accounts/sending-rate.ts';
import { createSweeper } from '../content/sweep.ts';
import type { Transaction } from '../db/database.ts';
import { type Runner, startRunner } from '../lib/runner.ts';
import { type Instant, monthsBefore } from '../lib/time.ts';
import { emptyRemovedMailboxes } from '../mailbox/removal.ts';
import { forgetInfected } from '../message-log/infected.ts';
import { type Closed, forgetMessages, releaseEnvelopes } from '../queue/closed-messages.ts';
import { forgetSubmissions } from '../queue/submissions.ts';
import type { PointParts } from './parts.ts';
import { makeServiceMailbox } from './service-mailbox.ts';

export interface Retention {
  /** Of what the message log speaks of: rows of messages and of notifications received. */
  readonly logMonths: number;
  readonly infectedMonths: number;
  /** Of the envelope of a message that is closed for every recipient, from its acceptance. */
  readonly envelopeDays: number;
  /** Of the messages in a removed mailbox. */
  readonly removedMailboxDays: number;
}

export interface HousekeepingOptions {
  readonly parts: Pick<PointParts, 'db' | 'blobs' | 'clock' | 'mailReceipt' | 'random'>;
  readonly accounts: Pick<Accounts, 'findDomain' | 'findMailbox' | 'addMailbox'>;
  readonly retention: Retention;
  readonly onError: (error: unknown) => void;
  /** Longest sleep while nothing is due, milliseconds; a minute unless told. */
  readonly longestSleepMs?: number;
}

interface Task {
  readonly everyMs: number;
  /** Waits so long after the start; else it runs at once. */
  readonly firstAfterMs?: number;
  readonly run: (at: Instant) => Promise<unknown>;
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const standardSleepMs = minute;
/** A sender's copy that is stored later than this is not marked any more. */
const sentCopyDays = 90;
/** Rows to a transaction, so that mail does not wait. */
const batch = 200;

export function startHousekeeping(options: HousekeepingOptions): Runner {
  const { clock } = options.parts;
  const { longestSleepMs = standardSleepMs } = options;
  const tasks = listTasks(options);
  const done = new Map<Task, Instant>();
  for (const task of tasks)
    if (task.firstAfterMs !== undefined) done.set(task, clock() - task.everyMs + task.firstAfterMs);

  async function round(): Promise<number | undefined> {
    for (const task of tasks) {
      const at = clock();
      const last = done.get(task);
      // A clock that was set back must not make a task wait for ever.
      if (last !== undefined && at >= last && at - last < task.everyMs) continue;
      done.set(task, at);
      await task.run(at).catch(options.onError);
    }
    return undefined;
  }

  return startRunner({ round, onError: options.onError, longestSleepMs });
}

function listTasks({ parts, accounts, retention }: HousekeepingOptions): readonly Task[] {
  const { db } = parts;
  const sweeper = createSweeper(parts);
  const inBatches = (step: (tx: Transaction, limit: number) => Promise<number>) =>
    runInBatches((limit) => db.transact((tx) => step(tx, limit)));
  const { logMonths, infectedMonths, envelopeDays, removedMailboxDays } = retention;
  const close = (step: (tx: Transaction, closed: Closed) => Promise<number>, before: Instant) =>
    inBatches((tx, limit) => step(tx, { before, limit }));
  return [
    { everyMs: 5 * minute, run: () => makeServiceMailbox(parts, accounts) },
    { everyMs: hour, run: (at) => db.transact((tx) => forgetSent(tx, at)) },
    { everyMs: hour, run: (at) => close(forgetSubmissions, at - sentCopyDays * day) },
    { everyMs: hour, run: (at) => close(releaseEnvelopes, at - envelopeDays * day) },
    { everyMs: hour, run: (at) => close(forgetMessages, monthsBefore(at, logMonths)) },
    { everyMs: hour, run: (at) => close(forgetInfected, monthsBefore(at, infectedMonths)) },
    { everyMs: hour, run: (at) => close(forgetNotifications, monthsBefore(at, logMonths)) },
    {
      everyMs: hour,
      run: (at) => emptyRemovedMailboxes(db, { at, keptForMs: removedMailboxDays * day }),
    },
    { everyMs: day, firstAfterMs: hour, run: () => sweeper.findOrphans() },
    // Last, so that what the others gave up goes in the same round.
    { everyMs: 5 * minute, run: () => sweeper.sweep() },
  ];
}

async function runInBatches(step: (limit: number) => Promise<number>): Promise<void> {
  while ((await step(batch)) === batch);
}

/** Which notifications came: known for as long as one could come again, and far beyond. */
async function forgetNotifications(tx: Transaction, { before, limit }: Closed): Promise<number> {
  const { changes } = await tx.run(
    `DELETE FROM notification_received WHERE (mail_id, mailbox_id) IN
       (SELECT mail_id, mailbox_id FROM notification_received WHERE at < ? ORDER BY at LIMIT ?)`,
    before,
    limit,
  );
  return changes;
}
