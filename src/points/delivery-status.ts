/** The end of an ordinary recipient that cannot be reached: status notification, state and log in one commit. */
import { findMailbox } from '../accounts/mailboxes.ts';
import { addContent } from '../content/content.ts';
import { sizeOf } from '../lib/segments.ts';
import type { Instant } from '../lib/time.ts';
import { deliver } from '../mailbox/deliver.ts';
import { appendEvent } from '../message-log/append.ts';
import { buildDeliveryStatus } from '../pec/delivery-status.ts';
import { statesBefore } from '../pec/lifecycle.ts';
import { type OutgoingRow, removeRows } from '../queue/outgoing.ts';
import { moveRecipient, type PecMessage } from '../queue/pec-messages.ts';
import type { RelayResult } from '../relay/relay.ts';
import { buildReturnPath } from './hand-over.ts';
import type { PointParts } from './parts.ts';
import { settleSenderCopy } from './sender-copy.ts';

export interface OrdinaryFailure {
  readonly message: PecMessage;
  readonly row: OutgoingRow;
  readonly result: RelayResult;
  readonly at: Instant;
}

/** Does nothing but clear the queue when the recipient has its outcome already. */
export async function commitOrdinaryFailure(parts: PointParts, failure: OrdinaryFailure): Promise<void> {
  const { message, row, result, at } = failure;
  // A temporary failure that never went away has become a permanent one (RFC 3463 §2: class 5).
  const status = result.outcome === 'permanent' ? result.enhanced : '5.4.7';
  const answer = result.code === 0 ? result.text : `${result.code} ${result.enhanced} ${result.text}`;
  const { segments } = buildDeliveryStatus({
    provider: parts.provider,
    facts: message.facts,
    at,
    hostname: parts.hostname,
    recipient: row.recipient,
    status,
    remote: result.server ?? '',
    diagnostic: answer,
    acceptedAt: message.at,
  });
  await parts.db.transact(async (tx) => {
    await removeRows(tx, [row]);
    const moved = await moveRecipient(tx, {
      messageId: message.id,
      address: row.recipient.toLowerCase(),
      from: statesBefore('failed'),
      to: 'failed',
      closedAt: at,
      nextAt: null,
    });
    if (!moved) return;
    await settleSenderCopy(tx, message);
    const mailbox = await findMailbox(tx, message.facts.sender);
    if (mailbox !== undefined) {
      // RFC 3464 §2: a notification has the null reverse path, so that it is never answered by another.
      const stored = [buildReturnPath(''), ...segments];
      const contentId = await addContent(tx, stored);
      await deliver(tx, {
        mailboxId: mailbox.id,
        contentId,
        size: sizeOf(stored),
        internalDate: at,
        overQuota: true,
      });
    }
    await appendEvent(
      tx,
      {
        type: 'ordinary-failed',
        at,
        facts: message.facts,
        sendingProvider: message.senderProvider,
        generated: [],
        recipient: row.recipient,
        status,
        answer,
      },
      parts.node,
    );
  });
}
