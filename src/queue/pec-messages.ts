/**
 * The rows that carry the state of each certified message and of each of its recipients. A state changes only
 * by `moveRecipient`, which names the states it may come from: two acts that race for one recipient cannot
 * both win, so each recipient has exactly one outcome.
 */
import type { ReadTransaction, Transaction } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';
import type { MessageFacts, ReceiptKind } from '../pec/facts.ts';
import type { RecipientState } from '../pec/lifecycle.ts';
import type { Claim } from './outgoing.ts';

export type Direction = 'outgoing' | 'incoming';

export interface NewPecMessage {
  readonly direction: Direction;
  readonly node: string;
  /** Acceptance, or arrival from the other provider. */
  readonly at: Instant;
  /** Name of the sending provider (`gestore-emittente` of its envelope). */
  readonly senderProvider: string;
  /** The sending provider's `mailReceipt`; empty for our own. */
  readonly mailReceipt: string;
  readonly facts: MessageFacts;
  readonly receiptKind: ReceiptKind;
  /** Content row of the transport envelope. */
  readonly envelopeId: number;
  readonly envelopeSize: number;
  readonly eightBit: boolean;
  /** Where postacert.eml begins and ends in the envelope, bytes. */
  readonly original: { readonly start: number; readonly end: number };
  /** What recognises a resubmission whose 250 was lost; undefined for incoming messages. */
  readonly fingerprint: Uint8Array | undefined;
}

export interface PecMessage extends Omit<NewPecMessage, 'envelopeId'> {
  readonly id: number;
  /** Undefined some time after every recipient has its outcome. */
  readonly envelopeId: number | undefined;
}

export interface NewRecipient {
  readonly address: string;
  readonly certified: boolean;
  /** True when the mailbox would be ours. */
  readonly local: boolean;
  readonly receiptKind: ReceiptKind;
  readonly state: RecipientState;
  readonly takenAt: Instant | undefined;
  /** When something has to happen next: delivery here, or a time limit. */
  readonly nextAt: Instant | undefined;
  /** Claimed by this owner from birth, so that the worker needs no claim of its own. */
  readonly lease: { readonly owner: string; readonly until: Instant } | undefined;
}

export interface PecRecipient {
  readonly id: number;
  readonly messageId: number;
  readonly address: string;
  readonly certified: boolean;
  readonly local: boolean;
  readonly receiptKind: ReceiptKind;
  readonly state: RecipientState;
  readonly takenAt: Instant | undefined;
  readonly closedAt: Instant | undefined;
  readonly notice12At: Instant | undefined;
  readonly notice24At: Instant | undefined;
  readonly nextAt: Instant | undefined;
  readonly attempts: number;
}

interface MessageRow {
  id: number;
  direction: Direction;
  node: string;
  at: number;
  sender_provider: string;
  mail_receipt: string;
  facts: string;
  receipt_kind: ReceiptKind;
  envelope_id: number | null;
  envelope_size: number;
  eight_bit: number;
  original_start: number;
  original_end: number;
  fingerprint: Uint8Array | null;
}

interface RecipientRow {
  id: number;
  message_id: number;
  address: string;
  certified: number;
  local: number;
  receipt_kind: ReceiptKind;
  state: RecipientState;
  taken_at: number | null;
  closed_at: number | null;
  notice12_at: number | null;
  notice24_at: number | null;
  next_at: number | null;
  attempts: number;
}

const insertMessageSql = `INSERT INTO pec_message (direction, identificativo, node, at, sender, sender_provider,
  mail_receipt, facts, receipt_kind, envelope_id, envelope_size, eight_bit, original_start, original_end,
  fingerprint, answered) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`;

/** The new row's id. Throws when the identificativo stands already in that direction. */
export async function insertPecMessage(tx: Transaction, message: NewPecMessage): Promise<number> {
  const row = await tx.get<{ id: number }>(
    insertMessageSql,
    message.direction,
    message.facts.identificativo,
    message.node,
    message.at,
    message.facts.sender,
    message.senderProvider,
    message.mailReceipt,
    JSON.stringify(message.facts),
    message.receiptKind,
    message.envelopeId,
    message.envelopeSize,
    message.eightBit ? 1 : 0,
    message.original.start,
    message.original.end,
    message.fingerprint ?? null,
    message.fingerprint === undefined ? 1 : 0,
  );
  if (row === undefined) throw new Error('INSERT INTO pec_message returned no row');
  return row.id;
}

const insertRecipientSql = `INSERT INTO pec_recipient (message_id, address, certified, local, receipt_kind, state,
  taken_at, next_at, lease_owner, lease_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`;

/** The new rows, in the order given. */
export async function insertRecipients(
  tx: Transaction,
  messageId: number,
  recipients: readonly NewRecipient[],
): Promise<PecRecipient[]> {
  const inserted: PecRecipient[] = [];
  for (const recipient of recipients) {
    const row = await tx.get<{ id: number }>(
      insertRecipientSql,
      messageId,
      recipient.address,
      recipient.certified ? 1 : 0,
      recipient.local ? 1 : 0,
      recipient.receiptKind,
      recipient.state,
      recipient.takenAt ?? null,
      recipient.nextAt ?? null,
      recipient.lease?.owner ?? null,
      recipient.lease?.until ?? null,
    );
    if (row === undefined) throw new Error('INSERT INTO pec_recipient returned no row');
    const nothing = { closedAt: undefined, notice12At: undefined, notice24At: undefined };
    inserted.push({ ...recipient, ...nothing, id: row.id, messageId, attempts: 0 });
  }
  return inserted;
}

export async function findPecMessage(
  tx: ReadTransaction,
  direction: Direction,
  identificativo: string,
): Promise<PecMessage | undefined> {
  const row = await tx.get<MessageRow>(
    'SELECT * FROM pec_message WHERE direction = ? AND identificativo = ?',
    direction,
    identificativo,
  );
  return row === undefined ? undefined : toPecMessage(row);
}

export async function loadPecMessage(tx: ReadTransaction, id: number): Promise<PecMessage> {
  const row = await tx.get<MessageRow>('SELECT * FROM pec_message WHERE id = ?', id);
  if (row === undefined) throw new Error(`pec_message ${id} is missing`);
  return toPecMessage(row);
}

export async function listRecipients(tx: ReadTransaction, messageId: number): Promise<PecRecipient[]> {
  const rows = await tx.all<RecipientRow>(
    'SELECT * FROM pec_recipient WHERE message_id = ? ORDER BY id',
    messageId,
  );
  return rows.map(toPecRecipient);
}

export async function findRecipient(
  tx: ReadTransaction,
  messageId: number,
  address: string,
): Promise<PecRecipient | undefined> {
  const row = await tx.get<RecipientRow>(
    'SELECT * FROM pec_recipient WHERE message_id = ? AND address = ?',
    messageId,
    address,
  );
  return row === undefined ? undefined : toPecRecipient(row);
}

/** A submission with this fingerprint, accepted since `since`, whose answer may never have reached the client. */
export async function findUnanswered(
  tx: ReadTransaction,
  fingerprint: Uint8Array,
  since: Instant,
): Promise<string | undefined> {
  const row = await tx.get<{ identificativo: string }>(
    'SELECT identificativo FROM pec_message WHERE fingerprint = ? AND answered = 0 AND at >= ?',
    fingerprint,
    since,
  );
  return row?.identificativo;
}

/** The clients have their 250: the same bytes sent again are new messages. */
export async function markAnswered(tx: Transaction, identificativi: readonly string[]): Promise<void> {
  for (const identificativo of identificativi) {
    await tx.run(
      `UPDATE pec_message SET answered = 1 WHERE direction = 'outgoing' AND identificativo = ?`,
      identificativo,
    );
  }
}

/** Due recipients under a lease, grouped by message id. `local` tells deliveries here from time limits. */
export async function claimRecipients(
  tx: Transaction,
  claim: Claim,
  local: boolean,
): Promise<Map<number, PecRecipient[]>> {
  const rows = await tx.all<RecipientRow>(
    `SELECT * FROM pec_recipient WHERE next_at <= ? AND local = ? AND (lease_until IS NULL OR lease_until <= ?)
       ORDER BY next_at, id LIMIT ?`,
    claim.now,
    local ? 1 : 0,
    claim.now,
    claim.limit,
  );
  for (const { id } of rows)
    await tx.run(
      'UPDATE pec_recipient SET lease_owner = ?, lease_until = ? WHERE id = ?',
      claim.owner,
      claim.now + claim.leaseMs,
      id,
    );
  return Map.groupBy(rows.map(toPecRecipient), (recipient) => recipient.messageId);
}

/** Gives back every lease of `owner`: at start, what an earlier process of this node held. */
export async function releaseRecipientLeases(tx: Transaction, owner: string): Promise<void> {
  await tx.run(
    'UPDATE pec_recipient SET lease_owner = NULL, lease_until = NULL WHERE lease_owner = ?',
    owner,
  );
}

export interface RecipientMove {
  readonly messageId: number;
  readonly address: string;
  readonly from: readonly RecipientState[];
  readonly to: RecipientState;
  readonly takenAt?: Instant;
  readonly closedAt?: Instant;
  readonly notice12At?: Instant;
  readonly notice24At?: Instant;
  /** `null` = nothing is due any more; undefined = as it was. */
  readonly nextAt?: Instant | null;
}

/** Moves the recipient's state and gives back its lease; false when it is in none of the `from` states. */
export async function moveRecipient(tx: Transaction, move: RecipientMove): Promise<boolean> {
  const { changes } = await tx.run(
    `UPDATE pec_recipient SET state = ?, taken_at = COALESCE(?, taken_at), closed_at = COALESCE(?, closed_at),
       notice12_at = COALESCE(?, notice12_at), notice24_at = COALESCE(?, notice24_at),
       next_at = CASE WHEN ? = 1 THEN ? ELSE next_at END, lease_owner = NULL, lease_until = NULL
     WHERE message_id = ? AND address = ? AND state IN (${move.from.map(() => '?').join(', ')})`,
    move.to,
    move.takenAt ?? null,
    move.closedAt ?? null,
    move.notice12At ?? null,
    move.notice24At ?? null,
    move.nextAt === undefined ? 0 : 1,
    move.nextAt ?? null,
    move.messageId,
    move.address,
    ...move.from,
  );
  return changes > 0;
}

/** After a failure that is not the recipient's (key away, disk full): tried again at `nextAt`. */
export async function postponeRecipient(tx: Transaction, id: number, nextAt: Instant): Promise<void> {
  await tx.run(
    `UPDATE pec_recipient SET attempts = attempts + 1, next_at = ?, lease_owner = NULL, lease_until = NULL
       WHERE id = ? AND next_at IS NOT NULL`,
    nextAt,
    id,
  );
}

/** The instant the next recipient falls due that is in nobody's hands at `now`, or undefined. */
export async function nextRecipientDue(
  tx: ReadTransaction,
  now: Instant,
  local: boolean,
): Promise<Instant | undefined> {
  const row = await tx.get<{ due: number }>(
    `SELECT next_at AS due FROM pec_recipient WHERE local = ? AND next_at IS NOT NULL
       AND (lease_until IS NULL OR lease_until <= ?) ORDER BY next_at LIMIT 1`,
    local ? 1 : 0,
    now,
  );
  return row?.due;
}

function toPecMessage(row: MessageRow): PecMessage {
  return {
    id: row.id,
    direction: row.direction,
    node: row.node,
    at: row.at,
    senderProvider: row.sender_provider,
    mailReceipt: row.mail_receipt,
    facts: JSON.parse(row.facts) as MessageFacts,
    receiptKind: row.receipt_kind,
    envelopeId: row.envelope_id ?? undefined,
    envelopeSize: row.envelope_size,
    eightBit: row.eight_bit === 1,
    original: { start: row.original_start, end: row.original_end },
    fingerprint: row.fingerprint ?? undefined,
  };
}

function toPecRecipient(row: RecipientRow): PecRecipient {
  return {
    id: row.id,
    messageId: row.message_id,
    address: row.address,
    certified: row.certified === 1,
    local: row.local === 1,
    receiptKind: row.receipt_kind,
    state: row.state,
    takenAt: row.taken_at ?? undefined,
    closedAt: row.closed_at ?? undefined,
    notice12At: row.notice12_at ?? undefined,
    notice24At: row.notice24_at ?? undefined,
    nextAt: row.next_at ?? undefined,
    attempts: row.attempts,
  };
}

/** The content of a message that is under way. @throws {Error} when it was let go: the message is closed. */
export function requireEnvelope({ id, envelopeId }: Pick<PecMessage, 'id' | 'envelopeId'>): number {
  if (envelopeId === undefined) throw new Error(`the envelope of pec_message ${id} is not kept any more`);
  return envelopeId;
}
