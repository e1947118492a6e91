/**
 * A correct transport envelope arrives (RFC 6109 §3.2.1, §3.2.3): this provider answers for its recipients from
 * now on. The same envelope coming again, because the peer lost our 250, changes nothing; one that is for
 * nobody here, or too old, or our own coming back, certifies nothing.
 */

import { collectSegments } from '../blob/read-segments.ts';
import { addContent } from '../content/content.ts';
import type { ReadTransaction, Transaction } from '../db/database.ts';
import { type Segments, sizeOf, sliceSegments } from '../lib/segments.ts';
import type { Instant } from '../lib/time.ts';
import { appendEvent } from '../message-log/append.ts';
import { parseHeaderBlock } from '../mime/header.ts';
import { readFacts } from '../pec/certification-data-reader.ts';
import type { MessageFacts } from '../pec/facts.ts';
import { type IncomingKind, splitRecipients } from '../pec/incoming-classification.ts';
import { readOriginal } from '../pec/original-message.ts';
import { decideReceiptKind } from '../pec/receipt-kind.ts';
import {
  findPecMessage,
  insertPecMessage,
  insertRecipients,
  listRecipients,
  type NewPecMessage,
  type NewRecipient,
  type PecRecipient,
} from '../queue/pec-messages.ts';
import { receiveAnomaly } from './anomaly.ts';
import type { Arrival } from './arrival.ts';
import type { StoredEnvelope } from './delivery-receipt.ts';
import { isOwnRecord } from './directory.ts';
import { handOver } from './hand-over.ts';
import { issue } from './issue.ts';
import type { PointParts, ReservedDelivery } from './parts.ts';
import type { SealedMessage } from './seal.ts';
import { buildTrace } from './trace.ts';
import { detectVirus } from './virus-arrival.ts';

type Envelope = Extract<IncomingKind, { kind: 'transport-envelope' }>;

const reasons = {
  foreign: {
    italian: 'la busta di trasporto non è destinata a questo indirizzo',
    english: 'the transport envelope is not addressed to this recipient',
  },
  own: {
    italian: 'la busta di trasporto è di questo stesso gestore e arriva dall’esterno',
    english: 'the transport envelope is of this very provider and comes from outside',
  },
  old: {
    italian: 'la busta di trasporto è stata emessa da troppo tempo',
    english: 'the transport envelope was issued too long ago',
  },
} as const;

/** The text for the 250 line. */
export async function takeInCharge(parts: PointParts, arrival: Arrival, envelope: Envelope): Promise<string> {
  const { signer } = arrival.reading;
  if (signer === undefined) throw new Error('a transport envelope without its provider');
  if (isOwnRecord(parts, signer))
    return receiveAnomaly(parts, { arrival, recipients: arrival.recipients, reason: reasons.own });
  if (isStale(parts, arrival, envelope))
    return receiveAnomaly(parts, { arrival, recipients: arrival.recipients, reason: reasons.old });
  const { certified, foreign } = splitRecipients(envelope.data, arrival.recipients);
  if (foreign.length > 0)
    await receiveAnomaly(parts, { arrival, recipients: foreign, reason: reasons.foreign });
  if (certified.length === 0) return 'Message taken';
  const facts = readFacts(envelope.data);
  for (;;) {
    const recipients = await parts.db.read((tx) => findNewRecipients(tx, facts, certified));
    if (recipients.length === 0) break;
    if (await act(parts, { arrival, envelope, facts, recipients })) break;
  }
  return `Message taken in charge: ${facts.identificativo}`;
}

/** A replayed old envelope must not certify anything anew: the sender's provider closed it after 24 hours. */
function isStale(parts: PointParts, { at }: Arrival, { data }: Envelope): boolean {
  const issued = readIssuedAt(data.time);
  return issued === undefined || at - issued > parts.limits.envelopeAgeMs;
}

/** Of `<data>`: legal time with its offset from UTC. */
function readIssuedAt({ day, time, zone }: Envelope['data']['time']): Instant | undefined {
  const iso = `${day.split('/').reverse().join('-')}T${time}${zone.slice(0, 3)}:${zone.slice(-2)}`;
  const at = Date.parse(iso);
  return Number.isNaN(at) ? undefined : at;
}

/** Recipients that no earlier arrival of the same envelope was for. */
async function findNewRecipients(
  tx: ReadTransaction,
  facts: MessageFacts,
  recipients: readonly string[],
): Promise<string[]> {
  const known = await findPecMessage(tx, 'incoming', facts.identificativo);
  if (known === undefined) return [...recipients];
  const before = new Set((await listRecipients(tx, known.id)).map(({ address }) => address));
  return recipients.filter((recipient) => !before.has(recipient.toLowerCase()));
}

/** An envelope with those of its recipients here that it is new for. */
export interface TakenEnvelope {
  readonly arrival: Arrival;
  readonly envelope: Envelope;
  readonly facts: MessageFacts;
  readonly recipients: readonly string[];
}

/**
 * False, with nothing done, when the same envelope came on another line at the same moment and was faster with
 * one of the recipients: who is left must be looked up anew, for the receipt names them.
 */
async function act(parts: PointParts, taken: TakenEnvelope): Promise<boolean> {
  const { arrival, facts, recipients } = taken;
  const { at, intake } = arrival;
  const to = arrival.reading.signer?.mailReceipt ?? '';
  const values = { provider: parts.provider, facts, at, takenInCharge: recipients, to };
  const receipt = await issue(parts, { build: 'takeInChargeReceipt', values }, at);
  const virus = intake.verdict.infected ? await detectVirus(parts, taken, intake.verdict.virus) : undefined;
  const kinds = await readReceiptKinds(parts, taken);
  await parts.steps.reached('incoming:signed');
  const delivery = virus === undefined ? parts.workers.reserveDelivery?.(recipients.length) : undefined;
  let begun = false;
  try {
    return await parts.db.transact(async (tx) => {
      const stillNew = await findNewRecipients(tx, facts, recipients);
      if (stillNew.length < recipients.length) return false;
      const arrived = await recordArrival(parts, tx, taken);
      const { messageId } = arrived;
      const lease = arrived.envelope === undefined ? undefined : delivery?.lease;
      const rows = await insertRecipients(
        tx,
        messageId,
        recipients.map((address) =>
          planRecipient(address, kinds(address), { at, infected: virus !== undefined, lease }),
        ),
      );
      await sendReceipt(parts, tx, { taken, receipt, messageId, to });
      if (virus !== undefined) await virus.commit(tx, messageId);
      else
        tx.afterCommit(() => {
          begun = beginDelivery(parts, { delivery, envelope: arrived.envelope, rows });
        });
      tx.afterCommit(() => parts.workers.queueWaiting());
      return true;
    });
  } finally {
    if (!begun) delivery?.cancel();
  }
}

interface Taken extends Pick<Arrived, 'envelope'> {
  readonly delivery: ReservedDelivery | undefined;
  readonly rows: readonly PecRecipient[];
}

/** True when the reserved delivery is under way with what is in hand; otherwise the rows wait for their turn. */
function beginDelivery({ workers }: PointParts, { delivery, envelope, rows }: Taken): boolean {
  if (delivery === undefined || envelope === undefined) {
    workers.deliveriesWaiting();
    return false;
  }
  delivery.begin(envelope, rows);
  return true;
}

function planRecipient(
  address: string,
  receiptKind: NewRecipient['receiptKind'],
  { at, infected, lease }: Pick<NewRecipient, 'lease'> & { readonly at: Instant; readonly infected: boolean },
): NewRecipient {
  return {
    address: address.toLowerCase(),
    certified: true,
    local: true,
    receiptKind,
    state: infected ? 'infected' : 'taken-in-charge',
    takenAt: at,
    nextAt: infected ? undefined : at,
    lease,
  };
}

interface Arrived {
  readonly messageId: number;
  /** Undefined when it had come before. */
  readonly envelope: StoredEnvelope | undefined;
}

/** The row of the envelope: made at its first arrival, found again when it comes for further recipients. */
async function recordArrival(
  parts: PointParts,
  tx: Transaction,
  { arrival, envelope, facts }: TakenEnvelope,
): Promise<Arrived> {
  const known = await findPecMessage(tx, 'incoming', facts.identificativo);
  if (known !== undefined) return { messageId: known.id, envelope: undefined };
  const { intake, at, reading } = arrival;
  const trace = buildTrace(parts, arrival);
  const original = reading.parts?.original;
  if (original === undefined) throw new Error('a transport envelope without postacert.eml');
  const segments = [trace, ...intake.segments];
  const message: NewPecMessage = {
    direction: 'incoming',
    node: parts.node,
    at,
    senderProvider: envelope.provider,
    mailReceipt: reading.signer?.mailReceipt ?? '',
    facts,
    receiptKind: envelope.receiptKind,
    envelopeId: await addContent(tx, segments),
    envelopeSize: trace.length + intake.size,
    eightBit: intake.eightBit,
    original: { start: trace.length + original.bodyStart, end: trace.length + original.bodyEnd },
    fingerprint: undefined,
  };
  const messageId = await insertPecMessage(tx, message);
  return { messageId, envelope: { message: { ...message, id: messageId }, segments } };
}

interface ReceiptToSend {
  readonly taken: TakenEnvelope;
  readonly receipt: SealedMessage;
  readonly messageId: number;
  readonly to: string;
}

async function sendReceipt(
  parts: PointParts,
  tx: Transaction,
  { taken, receipt, messageId, to }: ReceiptToSend,
): Promise<void> {
  const { facts, arrival, envelope, recipients } = taken;
  const { identificativo } = facts;
  await handOver(parts, tx, {
    sealed: receipt,
    to,
    at: arrival.at,
    kind: 'service',
    identificativo,
    messageId,
  });
  await appendEvent(
    tx,
    {
      type: 'taken-in-charge',
      at: arrival.at,
      facts,
      sendingProvider: envelope.provider,
      generated: [receipt.generated],
      takenInCharge: recipients,
      size: arrival.intake.size,
    },
    parts.node,
  );
}

/** The kind of receipt for each recipient, by To and Cc of the enclosed original (§3.3.2.1). */
async function readReceiptKinds(
  parts: PointParts,
  { arrival, envelope }: TakenEnvelope,
): Promise<(recipient: string) => NewRecipient['receiptKind']> {
  const head = await readOriginalHead(parts, arrival);
  const { to, cc } = readOriginal(parseHeaderBlock(head));
  return (recipient) => decideReceiptKind({ requested: envelope.receiptKind, to, cc, recipient });
}

async function readOriginalHead(parts: PointParts, { intake, reading }: Arrival): Promise<Uint8Array> {
  const part = reading.parts?.original;
  const message = part?.message ?? part;
  if (message === undefined) return new Uint8Array(0);
  const start = part?.message?.headerStart ?? message.bodyStart;
  const end = Math.min(part?.message?.bodyStart ?? message.bodyEnd, start + parts.limits.headBytes);
  const head: Segments = sliceSegments(intake.segments, start, end);
  return collectSegments(parts.blobs, head, sizeOf(head));
}
