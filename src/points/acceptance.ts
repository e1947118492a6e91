/** Acceptance (RFC 6109 §3.1.4, §3.1.5): receipt to the sender, envelope towards the recipients, one commit. */
import { addContent } from '../content/content.ts';
import type { Transaction } from '../db/database.ts';
import { hex } from '../lib/bytes.ts';
import { type Segments, sliceSegments } from '../lib/segments.ts';
import { appendEvent } from '../message-log/append.ts';
import { formatDate } from '../mime/date.ts';
import { rewriteOriginalHead } from '../pec/original-message.ts';
import { decideReceiptKind } from '../pec/receipt-kind.ts';
import { firstLimit } from '../pec/timeouts.ts';
import { enqueue } from '../queue/outgoing.ts';
import {
  insertPecMessage,
  insertRecipients,
  type NewPecMessage,
  type NewRecipient,
} from '../queue/pec-messages.ts';
import { idleLimit } from '../queue/retry.ts';
import type { ReadSubmission } from './access-point.ts';
import { buildReturnPath, handOver } from './hand-over.ts';
import { issueAll, type Order } from './issue.ts';
import { commitLocalTransfer, type LocalTransfer, prepareLocalTransfer } from './local-transfer.ts';
import { locate } from './locate.ts';
import type { PointParts, ReservedDelivery } from './parts.ts';
import type { SealedMessage } from './seal.ts';
import { keepSentCopy, recordForSender } from './sender-copy.ts';
import { requireRate, takeFromRate } from './sending-checks.ts';

/** @throws {MailError} when key or store are away, or the sender's rate is used up; nothing is written then. */
export async function acceptMessage(parts: PointParts, read: ReadSubmission): Promise<void> {
  await requireRate(parts, read);
  const { provider } = parts;
  const { facts, at } = read;
  const original = rewriteOriginal(read);
  const envelope: Order = {
    build: 'transportEnvelope',
    values: {
      provider,
      facts,
      at,
      original: { header: read.header, segments: original, eightBit: read.intake.eightBit },
      receiptKind: read.original.receiptKind,
      traceFields: buildReceived(parts, read),
    },
  };
  const receipt: Order = { build: 'acceptanceReceipt', values: { provider, facts, at } };
  const [[sealedEnvelope, sealedReceipt], local] = await Promise.all([
    issueAll(parts, [envelope, receipt], at),
    prepareLocalTransfer(parts, read),
  ]);
  if (sealedEnvelope === undefined || sealedReceipt === undefined)
    throw new Error('two orders give two messages');
  await parts.steps.reached('access:signed');
  const here = local.recipients.length;
  const delivery = here === 0 ? undefined : parts.workers.reserveDelivery?.(here);
  const made = { read, original, receipt: sealedReceipt, envelope: sealedEnvelope, local, delivery };
  try {
    await parts.db.transact((tx) => commitAcceptance(parts, tx, made));
  } catch (error) {
    delivery?.cancel();
    throw error;
  }
}

/** postacert.eml: only the identifiers in its header change, the body stays where it was stored (§2.2.1). */
function rewriteOriginal({ intake, facts }: ReadSubmission): Segments {
  const { head } = rewriteOriginalHead(intake.head, facts.identificativo);
  return [head, ...sliceSegments(intake.segments, intake.head.length, intake.size)];
}

/** RFC 5321 §4.4: who handed it to this server, how and when. Stands on the envelope, never in the original. */
function buildReceived(parts: PointParts, { client, facts, at }: ReadSubmission): string {
  const id = facts.identificativo.split('@')[0];
  return (
    `Received: from ${client.helo} ([${client.address}])\r\n` +
    `\tby ${parts.hostname} with ESMTPSA id ${id};\r\n` +
    `\t${formatDate(at)}\r\n`
  );
}

interface Acceptance {
  readonly read: ReadSubmission;
  readonly original: Segments;
  readonly receipt: SealedMessage;
  readonly envelope: SealedMessage;
  readonly local: LocalTransfer;
  readonly delivery: ReservedDelivery | undefined;
}

async function commitAcceptance(parts: PointParts, tx: Transaction, acceptance: Acceptance): Promise<void> {
  const { read, original, receipt, envelope, delivery } = acceptance;
  const { facts, at } = read;
  await takeFromRate(parts, tx, read);
  const returnPath = buildReturnPath(facts.sender);
  const stored = [returnPath, ...envelope.segments];
  const envelopeId = await addContent(tx, stored);
  const message: NewPecMessage = {
    direction: 'outgoing',
    node: parts.node,
    at,
    senderProvider: parts.provider.name,
    mailReceipt: '',
    facts,
    receiptKind: read.original.receiptKind,
    envelopeId,
    envelopeSize: returnPath.length + envelope.size,
    eightBit: envelope.eightBit,
    original: locate(stored, original),
    fingerprint: read.fingerprint,
  };
  const messageId = await insertPecMessage(tx, message);
  const recipients = await insertRecipients(tx, messageId, planRecipients(read, delivery));
  await recordForSender(tx, read, messageId);
  await keepSentCopy(tx, read);
  await enqueueRemote(parts, tx, { read, envelope, envelopeId, messageId, skip: returnPath.length });
  const { identificativo, sender } = facts;
  await handOver(parts, tx, { sealed: receipt, to: sender, at, kind: 'notification', identificativo });
  await appendEvent(
    tx,
    {
      type: 'accepted',
      at,
      facts,
      sendingProvider: parts.provider.name,
      generated: [receipt.generated, envelope.generated],
      login: read.login.name,
      receiptKind: read.original.receiptKind,
      size: read.intake.size,
      originalSha256: hex(read.intake.sha256),
    },
    parts.node,
  );
  await commitLocalTransfer(parts, tx, acceptance.local, read);
  tx.afterCommit(() => {
    const here = recipients.filter((recipient) => recipient.local);
    if (delivery !== undefined)
      delivery.begin({ message: { ...message, id: messageId }, segments: stored }, here);
    else if (here.length > 0) parts.workers.deliveriesWaiting();
    if (here.length < recipients.length) parts.workers.queueWaiting();
  });
}

/** Recipients here are delivered to at once; certified ones elsewhere are watched for their receipts. */
function planRecipients(read: ReadSubmission, delivery: ReservedDelivery | undefined): NewRecipient[] {
  const { original, standings, at } = read;
  return standings.map(({ address, certified, local }) => ({
    address: address.toLowerCase(),
    certified,
    local,
    receiptKind: decideReceiptKind({
      requested: original.receiptKind,
      to: original.to,
      cc: original.cc,
      recipient: address,
    }),
    // The access point and the recipient's provider are one (§3.4).
    state: local ? 'taken-in-charge' : 'accepted',
    takenAt: local ? at : undefined,
    nextAt: local ? at : certified ? at + firstLimit : undefined,
    lease: local ? delivery?.lease : undefined,
  }));
}

interface RemoteEnvelope {
  readonly read: ReadSubmission;
  readonly envelope: SealedMessage;
  readonly envelopeId: number;
  readonly messageId: number;
  readonly skip: number;
}

async function enqueueRemote(parts: PointParts, tx: Transaction, remote: RemoteEnvelope): Promise<void> {
  const { read, envelope, envelopeId, messageId, skip } = remote;
  const items = read.standings
    .filter((standing) => !standing.local)
    .map(({ address, domain, certified }) => ({
      node: parts.node,
      kind: 'envelope' as const,
      identificativo: read.facts.identificativo,
      messageId,
      mailId: `<${read.facts.identificativo}>`,
      contentId: envelopeId,
      skip,
      size: envelope.size,
      eightBit: envelope.eightBit,
      reversePath: read.facts.sender,
      recipient: address,
      domain,
      certified,
      queuedAt: read.at,
      expiresAt: read.at + idleLimit,
    }));
  await enqueue(tx, items);
}
