/**
 * The message log (log dei messaggi, RFC 6109 §2.3): one row per event, written in the transaction of the act,
 * numbered per node without gaps, each row's hash taken over the one before. Rows are never changed.
 */
import { hash } from 'node:crypto';
import type { ReadTransaction, Transaction } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';
import type { LogEvent } from '../pec/events.ts';
import { dayNumberOf } from './log-days.ts';

/** The node that writes when a provider has one only, as the configuration's default. */
export const soleNode = 'n1';

export interface AppendedEvent {
  readonly seq: number;
  /** SHA-256 over the row and its predecessor's hash. */
  readonly hash: Uint8Array;
}

/** What the hash is over; the order is part of the format. */
export interface LogColumns {
  readonly node: string;
  readonly seq: number;
  readonly at: Instant;
  readonly type: string;
  readonly identificativo: string;
  readonly msgid: string | null;
  readonly sender: string;
  readonly subject: string;
  readonly sendingProvider: string;
  /** SHA-256 of the facts' JSON. */
  readonly factsDigest: Uint8Array;
  /** JSON. */
  readonly generated: string;
  /** JSON of the event's other fields. */
  readonly detail: string;
}

/** The hash before the first row of a stream. */
export const emptyHash: Uint8Array = new Uint8Array(32);

const insertSql = `INSERT INTO message_log (node, seq, at, type, identificativo, msgid, sender, subject,
  sending_provider, facts, generated, detail, prev_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

const insertFactsSql =
  'INSERT INTO message_log_facts (digest, facts, day) VALUES (?, ?, ?) ON CONFLICT DO NOTHING';

/** Adds the event at the end of the node's stream, in the caller's transaction. */
export async function appendEvent(
  tx: Transaction,
  event: LogEvent,
  node: string = soleNode,
): Promise<AppendedEvent> {
  const facts = JSON.stringify(event.facts);
  const factsDigest = digestFacts(facts);
  const last = await lookBefore(tx, node, event.facts.identificativo, factsDigest);
  const columns = toColumns(event, factsDigest, { node, seq: last.seq + 1 });
  const previous = last.hash;
  const rowHash = hashRow(previous, columns);
  if (!last.hasFacts) await tx.run(insertFactsSql, factsDigest, facts, dayNumberOf(event.at));
  await tx.run(
    insertSql,
    columns.node,
    columns.seq,
    columns.at,
    columns.type,
    columns.identificativo,
    columns.msgid,
    columns.sender,
    columns.subject,
    columns.sendingProvider,
    columns.factsDigest,
    columns.generated,
    columns.detail,
    previous,
    rowHash,
  );
  await noteAddresses(tx, event, columns);
  return { seq: columns.seq, hash: rowHash };
}

/**
 * SHA-256 over the previous row's hash and the row as a JSON array, digests in hex: what `verify` computes
 * again, and what the daily time stamp seals.
 */
export function hashRow(previous: Uint8Array, columns: LogColumns): Uint8Array {
  return hash('sha256', renderRow(previous, columns), 'buffer');
}

/** What the hash of a row is over, as text; in an exported segment it is the row's line. */
export function renderRow(previous: Uint8Array, columns: LogColumns): string {
  return JSON.stringify([
    Buffer.from(previous).toString('hex'),
    columns.node,
    columns.seq,
    columns.at,
    columns.type,
    columns.identificativo,
    columns.msgid,
    columns.sender,
    columns.subject,
    columns.sendingProvider,
    Buffer.from(columns.factsDigest).toString('hex'),
    columns.generated,
    columns.detail,
  ]);
}

/** SHA-256 of the facts as they are stored. */
export function digestFacts(json: string): Uint8Array {
  return hash('sha256', json, 'buffer');
}

/** The last row of the node's stream, also when it has left the database; undefined when there was none ever. */
export async function lastRow(
  tx: ReadTransaction,
  node: string,
): Promise<{ seq: number; hash: Uint8Array } | undefined> {
  const last = await tx.get<{ seq: number; hash: Uint8Array }>(
    'SELECT seq, hash FROM message_log WHERE node = ? ORDER BY seq DESC LIMIT 1',
    node,
  );
  return last ?? tx.get(lastSealedSql, node);
}

const lastSealedSql = `SELECT last_seq AS seq, last_hash AS hash FROM log_seal WHERE node = ?
  ORDER BY number DESC LIMIT 1`;

interface Before {
  readonly seq: number;
  readonly hash: Uint8Array;
  /** Whether an earlier entry of the message has stored the same facts. */
  readonly hasFacts: boolean;
}

const beforeSql = `SELECT seq, hash, EXISTS (SELECT 1 FROM message_log_facts WHERE identificativo = ? AND digest = ?)
  AS has_facts FROM message_log WHERE node = ? ORDER BY seq DESC LIMIT 1`;

/** What the next entry follows, and whether its facts are there: most entries are not the first of their message. */
async function lookBefore(
  tx: ReadTransaction,
  node: string,
  identificativo: string,
  factsDigest: Uint8Array,
): Promise<Before> {
  const row = await tx.get<{ seq: number; hash: Uint8Array; has_facts: number }>(
    beforeSql,
    identificativo,
    factsDigest,
    node,
  );
  if (row !== undefined) return { seq: row.seq, hash: row.hash, hasFacts: row.has_facts === 1 };
  const last = await lastRow(tx, node);
  return { seq: last?.seq ?? 0, hash: last?.hash ?? emptyHash, hasFacts: false };
}

function toColumns(
  event: LogEvent,
  factsDigest: Uint8Array,
  { node, seq }: Pick<LogColumns, 'node' | 'seq'>,
): LogColumns {
  const { at, type, facts, sendingProvider, generated, ...detail } = event;
  return {
    node,
    seq,
    at,
    type,
    identificativo: facts.identificativo,
    msgid: facts.msgid ?? null,
    sender: facts.sender,
    subject: facts.subject,
    sendingProvider,
    factsDigest,
    generated: JSON.stringify(generated),
    detail: JSON.stringify(detail),
  };
}

async function noteAddresses(tx: Transaction, event: LogEvent, { node, seq }: LogColumns): Promise<void> {
  for (const { key, role } of listAddressRows(event))
    await tx.run(
      `INSERT INTO message_log_address (day, address_key, at, node, seq, role) VALUES (?, ?, ?, ?, ?, ?)`,
      dayNumberOf(event.at),
      key,
      event.at,
      node,
      seq,
      role,
    );
}

export interface AddressRow {
  readonly key: string;
  readonly role: 'sender' | 'recipient';
}

/**
 * Who the event is found by: the sender, and the recipients it is about. An event about one recipient of 500
 * is not found by the other 499: those have their own.
 */
export function listAddressRows(event: LogEvent): readonly AddressRow[] {
  const { sender } = event.facts;
  const senders: AddressRow[] = sender === '' ? [] : [{ key: sender.toLowerCase(), role: 'sender' }];
  const keys = new Set(addressesOf(event).map((address) => address.toLowerCase()));
  return [...senders, ...[...keys].map((key) => ({ key, role: 'recipient' as const }))];
}

/** The keys by which an event is found, as `message_log_address` has them. */
export function listAddressKeys(event: LogEvent): readonly string[] {
  return [...new Set(listAddressRows(event).map(({ key }) => key))];
}

function addressesOf(event: LogEvent): readonly string[] {
  if ('recipient' in event) return [event.recipient];
  if ('takenInCharge' in event) return event.takenInCharge;
  if ('about' in event) return event.about;
  if ('mailbox' in event) return [event.mailbox];
  return event.facts.recipients.map((recipient) => recipient.address);
}
