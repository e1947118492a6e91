/**
 * The 12 h and 24 h watch over certified recipients at other providers (RFC 6109 §3.1.6). When a notice is due
 * is decided by a pure function of what is in the rows, so restarts and clock changes neither lose nor double
 * one.
 */
import { type Runner, startRunner } from '../lib/runner.ts';
import type { Instant } from '../lib/time.ts';
import { appendEvent } from '../message-log/append.ts';
import { spellRecipient } from '../pec/facts.ts';
import { statesBefore } from '../pec/lifecycle.ts';
import { nextTimeout } from '../pec/timeouts.ts';
import { removeForRecipient } from '../queue/outgoing.ts';
import {
  claimRecipients,
  loadPecMessage,
  moveRecipient,
  nextRecipientDue,
  type PecMessage,
  type PecRecipient,
  postponeRecipient,
} from '../queue/pec-messages.ts';
import { sendToSender } from './delivery-commit.ts';
import { issue } from './issue.ts';
import type { PointParts } from './parts.ts';
import { isReady } from './readiness.ts';
import type { SealedMessage } from './seal.ts';
import { settleSenderCopy } from './sender-copy.ts';

const leaseMs = 5 * 60_000;
const standardSleepMs = 5000;
const retryMs = 60_000;
const claimSize = 100;

export interface TimeoutWatchOptions {
  readonly parts: PointParts;
  readonly onError: (error: unknown) => void;
  /** Longest sleep while nothing is due, milliseconds; 5000 unless told. */
  readonly longestSleepMs?: number;
}

export function startTimeoutWatch(options: TimeoutWatchOptions): Runner {
  const { parts, onError, longestSleepMs = standardSleepMs } = options;
  const { db, clock, node } = parts;

  async function round(): Promise<number | undefined> {
    if (!isReady(parts)) return undefined; // what is due by a clock that is wrong may not be due
    const now = clock();
    const due = await db.read((tx) => nextRecipientDue(tx, now, false));
    if (due === undefined) return undefined;
    if (due > now) return due - now;
    const claim = { owner: node, now, leaseMs, limit: claimSize };
    const claimed = await db.transact((tx) => claimRecipients(tx, claim, false));
    for (const [messageId, recipients] of claimed) {
      const message = await db.read((tx) => loadPecMessage(tx, messageId));
      for (const recipient of recipients) await watchOne(message, recipient);
    }
    return claimed.size === 0 ? undefined : 0;
  }

  async function watchOne(message: PecMessage, recipient: PecRecipient): Promise<void> {
    try {
      await decideFor(parts, message, recipient);
    } catch (error) {
      onError(error);
      await db.transact((tx) => postponeRecipient(tx, recipient.id, clock() + retryMs));
    }
  }

  return startRunner({ round, onError, longestSleepMs });
}

async function decideFor(parts: PointParts, message: PecMessage, recipient: PecRecipient): Promise<void> {
  const at = parts.clock();
  const next = nextTimeout({
    acceptedAt: message.at,
    takenInChargeAt: recipient.takenAt,
    closedAt: recipient.closedAt,
    notice12At: recipient.notice12At,
    notice24At: recipient.notice24At,
    now: at,
  });
  switch (next.kind) {
    case 'due':
      return notify(parts, { message, recipient, hours: next.hours, at });
    case 'wait':
      return parts.db.transact(async (tx) => {
        await keepState(tx, recipient, next.at);
      });
    case 'closed':
      return parts.db.transact(async (tx) => {
        await keepState(tx, recipient, null);
      });
  }
}

type Tx = Parameters<typeof moveRecipient>[0];

function keepState(tx: Tx, recipient: PecRecipient, nextAt: Instant | null): Promise<boolean> {
  const { messageId, address, state } = recipient;
  return moveRecipient(tx, { messageId, address, from: [state], to: state, nextAt });
}

interface Notice {
  readonly message: PecMessage;
  readonly recipient: PecRecipient;
  readonly hours: 12 | 24;
  readonly at: Instant;
}

async function notify(parts: PointParts, notice: Notice): Promise<void> {
  const { message, recipient, hours, at } = notice;
  const { provider } = parts;
  const about = spellRecipient(message.facts, recipient.address);
  const values = { provider, facts: message.facts, at, hours, recipient: about };
  const sealed = await issue(parts, { build: 'timeoutNotice', values }, at);
  await parts.steps.reached('timeout:signed');
  await parts.db.transact((tx) => commitNotice(parts, tx, { ...notice, sealed }));
  await parts.steps.reached('timeout:committed');
}

async function commitNotice(
  parts: PointParts,
  tx: Tx,
  { message, recipient, hours, at, sealed }: Notice & { readonly sealed: SealedMessage },
): Promise<void> {
  const { messageId, address, state } = recipient;
  const moved = await moveRecipient(
    tx,
    hours === 12
      ? { messageId, address, from: [state], to: state, notice12At: at, nextAt: at }
      : {
          messageId,
          address,
          from: statesBefore('notice-24h'),
          to: 'expired',
          notice24At: at,
          closedAt: at,
          nextAt: null,
        },
  );
  // A receipt that came in the meantime has moved the state: the next round decides again.
  if (!moved) return;
  if (hours === 24) await removeForRecipient(tx, messageId, address);
  await sendToSender(parts, tx, { message, sealed, at });
  if (hours === 24) await settleSenderCopy(tx, message);
  await appendEvent(
    tx,
    {
      type: 'timeout',
      at,
      facts: message.facts,
      sendingProvider: message.senderProvider,
      generated: [sealed.generated],
      hours,
      recipient: address,
    },
    parts.node,
  );
}
