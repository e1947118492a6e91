/**
 * The delivery point (punto di consegna, RFC 6109 §3.3): puts a transport envelope into the mailboxes of its
 * recipients here, unchanged, and issues one delivery receipt or one non-delivery notice for each. Mailbox,
 * receipt, state and log entry stand or fall in one transaction: no delivery without its receipt, no receipt
 * without delivery.
 */
import { findDomain } from '../accounts/domains.ts';
import { findMailbox } from '../accounts/mailboxes.ts';
import { loadContent } from '../content/content.ts';
import type { ReadTransaction } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';
import { fitsInto } from '../mailbox/quota.ts';
import { spellRecipient } from '../pec/facts.ts';
import { closedGroupFailure, deliveryFailures } from '../pec/failures.ts';
import type { DeliveryFailure } from '../pec/generated.ts';
import { isInGroup } from '../pec/policies.ts';
import {
  loadPecMessage,
  type PecMessage,
  type PecRecipient,
  requireEnvelope,
} from '../queue/pec-messages.ts';
import { commitDelivery, commitNonDelivery, MailboxFilledUp } from './delivery-commit.ts';
import { orderReceiptFor, type StoredEnvelope } from './delivery-receipt.ts';
import { readStandings } from './directory.ts';
import { issue } from './issue.ts';
import type { PointParts } from './parts.ts';

export interface DeliveryPoint {
  /**
   * Gives the message to these recipients, whose rows the caller holds under a lease. Resolves when each has
   * its outcome; those it could not decide (key away, disk full) reject and stay due.
   */
  deliver(messageId: number, recipients: readonly PecRecipient[]): Promise<void>;
  /** The same with the envelope in hand. */
  deliverEnvelope(envelope: StoredEnvelope, recipients: readonly PecRecipient[]): Promise<void>;
}

/** Receipts under way at the same time for one message: enough to keep the signer busy. */
const batch = 16;

export function createDeliveryPoint(parts: PointParts): DeliveryPoint {
  async function deliver(messageId: number, recipients: readonly PecRecipient[]): Promise<void> {
    const message = await parts.db.read((tx) => loadPecMessage(tx, messageId));
    const { segments } = await parts.db.read((tx) => loadContent(tx, requireEnvelope(message)));
    await deliverEnvelope({ message, segments }, recipients);
  }

  async function deliverEnvelope(
    envelope: StoredEnvelope,
    recipients: readonly PecRecipient[],
  ): Promise<void> {
    for (let from = 0; from < recipients.length; from += batch) {
      const group = recipients.slice(from, from + batch);
      const results = await Promise.allSettled(
        group.map((recipient) => deliverToOne(parts, envelope, recipient)),
      );
      const failed = results.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    }
  }
  return { deliver, deliverEnvelope };
}

async function deliverToOne(
  parts: PointParts,
  envelope: StoredEnvelope,
  recipient: PecRecipient,
): Promise<void> {
  const { message } = envelope;
  // 1. The one temporal value of this delivery (RFC 6109 §4.1).
  const at = parts.clock();
  // 2. Is there a mailbox, and room in it? (§3.3.1)
  const failure = await parts.db.read((tx) => findFailure(parts, tx, message, recipient));
  if (failure !== undefined) return refuse(parts, { message, recipient, failure, at });
  // 3. The receipt, signed, before anything is written: a key that is away delivers nothing.
  const receipt = await issue(parts, await orderReceiptFor(parts, envelope, recipient, at), at);
  await parts.steps.reached('delivery:signed');
  // 4. Mailbox, receipt, state and log in one commit.
  try {
    await commitDelivery(parts, { message, recipient, receipt, at });
  } catch (error) {
    if (!(error instanceof MailboxFilledUp)) throw error;
    // Another message took the last room, or the mailbox went, between 2 and 4: decide again.
    const found = await parts.db.read((tx) => findFailure(parts, tx, message, recipient));
    return refuse(parts, { message, recipient, failure: found ?? deliveryFailures.mailboxFull, at });
  }
  await parts.steps.reached('delivery:committed');
}

async function findFailure(
  parts: PointParts,
  tx: ReadTransaction,
  message: PecMessage,
  recipient: PecRecipient,
): Promise<DeliveryFailure | undefined> {
  const mailbox = await findMailbox(tx, recipient.address);
  if (mailbox === undefined) {
    const [standing] = await readStandings(parts, tx, [recipient.address]);
    return standing?.configured === true ? deliveryFailures.unknownMailbox : deliveryFailures.unknownDomain;
  }
  // A closed group holds in both directions (pec-wire §7.3): the envelope was taken in charge, and fails here.
  const closedGroup = (await findDomain(tx, mailbox.domain))?.closedGroup;
  if (closedGroup !== undefined && !isInGroup(closedGroup, message.facts.sender)) return closedGroupFailure;
  const fits = await fitsInto(tx, mailbox, message.envelopeSize);
  return fits ? undefined : deliveryFailures.mailboxFull;
}

interface Refusal {
  readonly message: PecMessage;
  readonly recipient: PecRecipient;
  readonly failure: DeliveryFailure;
  readonly at: Instant;
}

async function refuse(parts: PointParts, refusal: Refusal): Promise<void> {
  const { message, recipient, failure, at } = refusal;
  const { provider } = parts;
  const { facts } = message;
  const values = { provider, facts, at, recipient: spellRecipient(facts, recipient.address), failure };
  const notice = await issue(parts, { build: 'nonDeliveryNotice', values }, at);
  await parts.steps.reached('non-delivery:signed');
  await commitNonDelivery(parts, { message, recipient, failure, notice, at });
  await parts.steps.reached('non-delivery:committed');
}
