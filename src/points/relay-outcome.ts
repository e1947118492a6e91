/**
 * What the answers of other servers mean (RFC 6109 §2.2.2, §3.3.3, pec-wire §10). A 250 for an envelope is no
 * delivery: that is for the receiving provider to certify. A refusal for good ends the recipient: a certified
 * one with a non-delivery notice, an ordinary one with a standard delivery status notification.
 */
import type { Transaction } from '../db/database.ts';
import type { Insistence } from '../lib/insist.ts';
import type { Instant } from '../lib/time.ts';
import { appendEvent } from '../message-log/append.ts';
import { deliveryFailures, describePeerRefusal } from '../pec/failures.ts';
import type { DeliveryFailure } from '../pec/generated.ts';
import { statesBefore } from '../pec/lifecycle.ts';
import { type OutgoingJob, type OutgoingRow, postpone, removeRows } from '../queue/outgoing.ts';
import { loadPecMessage, moveRecipient, type PecMessage } from '../queue/pec-messages.ts';
import type { RelayResult } from '../relay/relay.ts';
import { commitNonDelivery } from './delivery-commit.ts';
import { commitOrdinaryFailure } from './delivery-status.ts';
import { issue } from './issue.ts';
import type { PointParts } from './parts.ts';

export interface RelayOutcome {
  /** Records what each recipient's server said; `insist` repeats what cannot be written yet. */
  settle(job: OutgoingJob, results: readonly RelayResult[], insist: Insistence['insist']): Promise<void>;
}

export interface RelayOutcomeOptions {
  readonly parts: PointParts;
  /** A message of the provider itself (receipt, service message) that no server takes: the operator must know. */
  readonly onLost: (row: OutgoingRow, result: RelayResult) => void;
}

interface Outcome {
  readonly row: OutgoingRow;
  readonly result: RelayResult;
  readonly at: Instant;
}

export function createRelayOutcome({ parts, onLost }: RelayOutcomeOptions): RelayOutcome {
  async function settle(...[job, results, insist]: Parameters<RelayOutcome['settle']>): Promise<void> {
    await parts.steps.reached('relay:answered');
    const settled = await Promise.allSettled(
      job.rows.map((row) => {
        const result = findResult(results, row);
        // Each try is one commit at most, and has its own time: of one that failed nothing stays.
        return insist(() => settleOne({ row, result, at: parts.clock() }));
      }),
    );
    const failed = settled.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    await parts.steps.reached('relay:settled');
  }

  async function settleOne(outcome: Outcome): Promise<void> {
    const { row, result, at } = outcome;
    if (result.outcome === 'delivered') {
      await parts.db.transact((tx) => recordRelayed(parts, tx, outcome));
      return;
    }
    if (result.outcome === 'temporary') {
      const next = await parts.db.transact((tx) => postpone(tx, row, result, at));
      if (next === 'waiting') return;
    }
    await fail(outcome);
  }

  /** No further attempt: refused for good, or 24 hours are over. */
  async function fail(outcome: Outcome): Promise<void> {
    const { row, result, at } = outcome;
    if (row.kind !== 'envelope' || row.messageId === undefined) {
      onLost(row, result);
      await parts.db.transact((tx) => removeRows(tx, [row]));
      return;
    }
    const { messageId } = row;
    const message = await parts.db.read((tx) => loadPecMessage(tx, messageId));
    if (!row.certified) return commitOrdinaryFailure(parts, { message, row, result, at });
    const failure =
      result.outcome === 'permanent' ? describePeerRefusal(result) : deliveryFailures.idleTooLong;
    await refuse(parts, { message, row, failure, at });
  }

  return { settle };
}

/** A relay that forgets a recipient has not delivered to it. */
function findResult(results: readonly RelayResult[], row: OutgoingRow): RelayResult {
  return (
    results.find((result) => result.recipient === row.recipient) ?? {
      recipient: row.recipient,
      outcome: 'temporary',
      code: 0,
      enhanced: '4.0.0',
      text: 'no result for this recipient',
    }
  );
}

async function recordRelayed(
  parts: PointParts,
  tx: Transaction,
  { row, result, at }: Outcome,
): Promise<void> {
  await removeRows(tx, [row]);
  if (row.messageId === undefined) return;
  const message = await loadPecMessage(tx, row.messageId);
  if (row.kind === 'envelope') {
    await moveRecipient(tx, {
      messageId: message.id,
      address: row.recipient.toLowerCase(),
      from: statesBefore('relayed'),
      to: 'relayed',
      ...(row.certified ? {} : { closedAt: at }),
    });
  }
  await appendEvent(
    tx,
    {
      type: 'relayed',
      at,
      facts: message.facts,
      sendingProvider: message.senderProvider,
      generated: [],
      messageId: row.mailId,
      recipient: row.recipient,
      server: result.server ?? '',
      answer: `${result.code} ${result.enhanced} ${result.text}`,
    },
    parts.node,
  );
}

interface Refused {
  readonly message: PecMessage;
  readonly row: OutgoingRow;
  readonly failure: DeliveryFailure;
  readonly at: Instant;
}

async function refuse(parts: PointParts, { message, row, failure, at }: Refused): Promise<void> {
  const { provider } = parts;
  const recipient = row.recipient;
  const values = { provider, facts: message.facts, at, recipient, failure };
  const notice = await issue(parts, { build: 'nonDeliveryNotice', values }, at);
  const address = recipient.toLowerCase();
  await commitNonDelivery(parts, { message, recipient: { address }, failure, notice, at });
}
