/**
 * Delivers what was accepted for mailboxes here: woken by each acceptance, and looking by itself for what a
 * crash or a failure left. A message is in one pair of hands at a time; several messages go on side by side.
 */
import { createInsistence } from '../lib/insist.ts';
import type { Runner } from '../lib/runner.ts';
import { startRunner } from '../lib/runner.ts';
import {
  claimRecipients,
  nextRecipientDue,
  type PecRecipient,
  postponeRecipient,
  releaseRecipientLeases,
} from '../queue/pec-messages.ts';
import type { DeliveryPoint } from './delivery-point.ts';
import type { PointParts, ReservedDelivery } from './parts.ts';
import { isReady } from './readiness.ts';

export interface DeliveryWorkerOptions {
  readonly parts: Pick<PointParts, 'db' | 'clock' | 'node' | 'ready'>;
  readonly deliveryPoint: DeliveryPoint;
  /** Messages under way at the same time. */
  readonly concurrency: number;
  readonly onError: (error: unknown) => void;
  /** Longest sleep while nothing is due, milliseconds; 5000 unless told. */
  readonly longestSleepMs?: number;
}

const leaseMs = 10 * 60_000;
const standardSleepMs = 5000;
/** After a failure that is not the recipient's: the key away, the disk full. */
const retryMs = 15_000;
/** Recipients claimed at once. */
const claimSize = 64;

export interface DeliveryWorker extends Runner {
  /** See `Workers.reserveDelivery`. */
  reserve(recipients: number): ReservedDelivery | undefined;
}

export async function startDeliveryWorker(options: DeliveryWorkerOptions): Promise<DeliveryWorker> {
  const { db, clock, node } = options.parts;
  await db.transact((tx) => releaseRecipientLeases(tx, node));
  const inFlight = new Set<Promise<void>>();
  const insistence = createInsistence({ onError: options.onError, pauseMs: retryMs, limitMs: leaseMs });
  let reserved = 0;
  let stopped = false;
  const isFull = () => inFlight.size + reserved >= options.concurrency;
  const { longestSleepMs = standardSleepMs } = options;
  const runner = startRunner({ round, onError: options.onError, longestSleepMs });

  async function round(): Promise<number | undefined> {
    if (!isReady(options.parts)) return undefined; // no receipt may carry a time that is not true
    if (isFull()) return undefined; // a finished message wakes the loop
    const now = clock();
    const due = await db.read((tx) => nextRecipientDue(tx, now, true));
    if (due === undefined) return undefined;
    if (due > now) return due - now;
    const claim = { owner: node, now, leaseMs, limit: claimSize };
    const claimed = await db.transact((tx) => claimRecipients(tx, claim, true));
    for (const [messageId, recipients] of claimed)
      launch(options.deliveryPoint.deliver(messageId, recipients), recipients);
    return claimed.size === 0 ? undefined : 0;
  }

  function reserve(recipients: number): ReservedDelivery | undefined {
    if (stopped || recipients > claimSize || isFull() || !isReady(options.parts)) return undefined;
    reserved += 1;
    return {
      lease: { owner: node, until: clock() + leaseMs },
      begin: (envelope, claimed) => {
        reserved -= 1;
        // Stopped in the meantime: the next start finds the rows.
        if (!stopped) launch(options.deliveryPoint.deliverEnvelope(envelope, claimed), claimed);
      },
      cancel: () => {
        reserved -= 1;
        runner.wake();
      },
    };
  }

  function launch(delivery: Promise<void>, recipients: readonly PecRecipient[]): void {
    const work = delivery
      .catch(async (error: unknown) => {
        options.onError(error);
        await putBack(recipients);
      })
      .catch(() => undefined) // has been heard; the lease ends, or the next start voids it
      .finally(() => {
        inFlight.delete(work);
        runner.wake();
      });
    inFlight.add(work);
  }

  /** On a full disk not even this can be written; left undone, nobody would look at them until the lease ends. */
  function putBack(recipients: readonly PecRecipient[]): Promise<void> {
    return insistence.insist(() =>
      db.transact(async (tx) => {
        for (const recipient of recipients) await postponeRecipient(tx, recipient.id, clock() + retryMs);
      }),
    );
  }

  return {
    wake: () => runner.wake(),
    reserve,
    stop: async () => {
      stopped = true;
      insistence.stop();
      await runner.stop();
      await Promise.all(inFlight);
    },
  };
}
