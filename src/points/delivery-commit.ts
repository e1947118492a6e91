/** The two commits that end a recipient's transaction here. */
import { findMailbox } from '../accounts/mailboxes.ts';
import type { Transaction } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';
import { deliver } from '../mailbox/deliver.ts';
import { appendEvent } from '../message-log/append.ts';
import type { DeliveryFailure } from '../pec/generated.ts';
import { statesBefore } from '../pec/lifecycle.ts';
import { removeForRecipient } from '../queue/outgoing.ts';
import { moveRecipient, type PecMessage, type PecRecipient, requireEnvelope } from '../queue/pec-messages.ts';
import { handOver } from './hand-over.ts';
import type { PointParts } from './parts.ts';
import type { SealedMessage } from './seal.ts';
import { settleSenderCopy } from './sender-copy.ts';

/** The mailbox had room when the receipt was prepared and has none now. */
export class MailboxFilledUp extends Error {
  override readonly name = 'MailboxFilledUp';
}

export interface DeliveryCommit {
  readonly message: PecMessage;
  readonly recipient: PecRecipient;
  readonly receipt: SealedMessage;
  readonly at: Instant;
}

/**
 * Envelope into the mailbox, receipt to the sender, state and log. Does nothing when the recipient has its
 * outcome already. @throws {MailboxFilledUp} when there is no room any more, or no mailbox.
 */
export async function commitDelivery(parts: PointParts, commit: DeliveryCommit): Promise<void> {
  const { message, recipient, receipt, at } = commit;
  await parts.db.transact(async (tx) => {
    const moved = await moveRecipient(tx, {
      messageId: message.id,
      address: recipient.address,
      from: statesBefore('delivered'),
      to: 'delivered',
      closedAt: at,
      nextAt: null,
    });
    if (!moved) return;
    const mailbox = await findMailbox(tx, recipient.address);
    if (mailbox === undefined) throw new MailboxFilledUp();
    const contentId = requireEnvelope(message);
    const size = message.envelopeSize;
    const mailboxId = mailbox.id;
    const stored = await deliver(tx, { mailboxId, mailbox, contentId, size, internalDate: at });
    if (stored.outcome === 'quota') throw new MailboxFilledUp();
    await sendToSender(parts, tx, { message, sealed: receipt, at });
    await settleSenderCopy(tx, message);
    await appendEvent(
      tx,
      {
        type: 'delivered',
        at,
        facts: message.facts,
        sendingProvider: message.senderProvider,
        generated: [receipt.generated],
        recipient: recipient.address,
        receiptKind: recipient.receiptKind,
      },
      parts.node,
    );
  });
}

export interface NonDeliveryCommit {
  readonly message: PecMessage;
  readonly recipient: Pick<PecRecipient, 'address'>;
  readonly failure: DeliveryFailure;
  readonly notice: SealedMessage;
  readonly at: Instant;
}

/** Notice to the sender, state and log. Does nothing when the recipient has its outcome already. */
export async function commitNonDelivery(parts: PointParts, commit: NonDeliveryCommit): Promise<void> {
  const { message, recipient, failure, notice, at } = commit;
  await parts.db.transact(async (tx) => {
    const moved = await moveRecipient(tx, {
      messageId: message.id,
      address: recipient.address,
      from: statesBefore('failed'),
      to: 'failed',
      closedAt: at,
      nextAt: null,
    });
    await removeForRecipient(tx, message.id, recipient.address);
    if (!moved) return;
    await sendToSender(parts, tx, { message, sealed: notice, at });
    await settleSenderCopy(tx, message);
    await appendEvent(
      tx,
      {
        type: 'not-delivered',
        at,
        facts: message.facts,
        sendingProvider: message.senderProvider,
        generated: [notice.generated],
        recipient: recipient.address,
        failure,
      },
      parts.node,
    );
  });
}

export interface ToSender {
  readonly message: PecMessage;
  readonly sealed: SealedMessage;
  readonly at: Instant;
}

/** A notification to the original sender, the SMTP one and never Reply-To (RFC 6109 §2.1). */
export async function sendToSender(
  parts: PointParts,
  tx: Transaction,
  { message, sealed, at }: ToSender,
): Promise<void> {
  const { sender, identificativo } = message.facts;
  const place = await handOver(parts, tx, {
    sealed,
    to: sender,
    at,
    kind: 'notification',
    identificativo,
    messageId: message.id,
  });
  if (place === 'queue') tx.afterCommit(() => parts.workers.queueWaiting());
}
