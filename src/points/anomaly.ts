/**
 * The anomaly envelope (busta di anomalia, RFC 6109 §3.2.2) around what arrives and certifies nothing: a bad
 * form from a provider, or ordinary mail for a mailbox that takes it. It never causes a receipt.
 */
import { findMailbox } from '../accounts/mailboxes.ts';
import { addContent } from '../content/content.ts';
import type { ReadTransaction, Transaction } from '../db/database.ts';
import { MailError } from '../lib/mail-error.ts';
import { deliver } from '../mailbox/deliver.ts';
import { hasRoom } from '../mailbox/quota.ts';
import { appendEvent } from '../message-log/append.ts';
import { type OriginResults, writeAuthenticationResults } from '../mime/authentication-results.ts';
import { describeWarnings } from '../pec/attachment-rules.ts';
import type { MessageFacts, Wording } from '../pec/facts.ts';
import { buildIdentificativo } from '../pec/identifiers.ts';
import { readOriginal } from '../pec/original-message.ts';
import type { Arrival } from './arrival.ts';
import { inspectAttachments } from './attachments.ts';
import { buildReturnPath } from './hand-over.ts';
import { issue } from './issue.ts';
import type { PointParts } from './parts.ts';
import type { SealedMessage } from './seal.ts';
import { buildReceivedField } from './trace.ts';

export interface Anomaly {
  readonly arrival: Arrival;
  readonly recipients: readonly string[];
  readonly reason: Wording;
  /** Where ordinary mail comes from, as far as it was asked. */
  readonly origin?: OriginResults | undefined;
}

/**
 * Puts the envelope into the mailboxes. The text for the 250 line.
 * @throws {MailError} 550 or 552 when a recipient has no mailbox or no room: nothing is stored then.
 */
export async function receiveAnomaly(parts: PointParts, anomaly: Anomaly): Promise<string> {
  const { arrival, recipients, reason } = anomaly;
  const { at, intake } = arrival;
  if (intake.verdict.infected) throw infected(intake.verdict.virus);
  await parts.db.read(async (tx) => {
    for (const recipient of recipients) await requireRoom(tx, recipient, intake.size);
  });
  const facts = describeArrival(parts, anomaly);
  const { segments, eightBit } = intake;
  // Only here: a certified envelope that arrives is delivered unchanged, so that nobody can write into its text.
  const warnings = describeWarnings(await inspectAttachments(parts, intake));
  const values = {
    provider: parts.provider,
    facts,
    at,
    received: { header: arrival.reading.header, segments, eightBit },
    reason,
    traceFields: writeTrace(parts, anomaly),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
  const sealed = await issue(parts, { build: 'anomalyEnvelope', values }, at);
  await parts.steps.reached('incoming:signed');
  await parts.db.transact((tx) => store(parts, tx, { ...anomaly, facts, sealed }));
  return 'Message taken';
}

/** RFC 8601 §4.1: results stand above the trace field of the server that found them. */
function writeTrace(parts: PointParts, { arrival, origin }: Anomaly): string {
  const results = origin === undefined ? '' : writeAuthenticationResults(parts.hostname, origin);
  return results + buildReceivedField(parts, arrival);
}

async function store(
  parts: PointParts,
  tx: Transaction,
  stored: Anomaly & { readonly facts: MessageFacts; readonly sealed: SealedMessage },
): Promise<void> {
  const { arrival, recipients, reason, origin, facts, sealed } = stored;
  const returnPath = buildReturnPath(arrival.reversePath);
  const contentId = await addContent(tx, [returnPath, ...sealed.segments]);
  const size = returnPath.length + sealed.size;
  for (const recipient of recipients) {
    const mailboxId = (await requireRoom(tx, recipient, size)).id;
    await deliver(tx, { mailboxId, contentId, size, internalDate: arrival.at, overQuota: true });
  }
  await appendEvent(
    tx,
    {
      type: 'anomaly',
      at: arrival.at,
      facts,
      sendingProvider: arrival.reading.signer?.name ?? '',
      generated: [sealed.generated],
      reason,
      receivedId: readOriginal(arrival.reading.header).msgid,
      ...(origin === undefined ? {} : { origin }),
      size: arrival.intake.size,
    },
    parts.node,
  );
}

/** What the SMTP transaction and the header say; none of it is certified. */
export function describeArrival(
  parts: PointParts,
  { arrival, recipients }: Pick<Anomaly, 'arrival' | 'recipients'>,
): MessageFacts {
  const { at, reversePath, reading } = arrival;
  const { msgid, subject, replyTo } = readOriginal(reading.header);
  return {
    identificativo: buildIdentificativo({
      at,
      random: parts.random(16),
      node: parts.node,
      domain: parts.provider.domain,
    }),
    msgid,
    sender: reversePath,
    recipients: recipients.map((address) => ({ address, certified: true })),
    replyTo: replyTo ?? reversePath,
    subject,
  };
}

async function requireRoom(tx: ReadTransaction, address: string, size: number): Promise<{ id: number }> {
  const mailbox = await findMailbox(tx, address);
  if (mailbox === undefined)
    throw new MailError('permanent', `There is no mailbox ${address} here`, { code: 550, enhanced: '5.1.1' });
  if (!(await hasRoom(tx, mailbox.id, size)))
    throw new MailError('permanent', `The mailbox ${address} is full`, { code: 552, enhanced: '5.2.2' });
  return mailbox;
}

/** Without certification a virus is a matter of SMTP (RFC 6109 §2.2.2). */
export function infected(virus: string): MailError {
  return new MailError('denied', `The message holds a virus: ${virus}`, { code: 550, enhanced: '5.7.1' });
}
