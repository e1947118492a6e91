/**
 * The outgoing queue as rows: enqueue in the transaction of the act, claim with a lease, settle in the
 * transaction of the outcome. A crash leaves a lease that runs out (or is void at the next start of the same
 * node) and the message is tried again; the receiving side makes that harmless (exactly-once by
 * identificativo).
 */
import { releaseContents } from '../content/content.ts';
import type { ReadTransaction, Transaction } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';
import type { RelayResult } from '../relay/relay.ts';
import { nextAttempt } from './retry.ts';

/** What a queued message is: it decides what its failure means. */
export type OutgoingKind = 'envelope' | 'notification' | 'service' | 'forward' | 'status';

export interface OutgoingItem {
  readonly node: string;
  readonly kind: OutgoingKind;
  readonly identificativo: string;
  /** Row of the pec_message it belongs to. */
  readonly messageId: number | undefined;
  /** Message-ID of what is sent, with angle brackets. */
  readonly mailId: string;
  readonly contentId: number;
  /** Bytes at the beginning of the content that are not sent: the Return-Path that mailboxes here see. */
  readonly skip: number;
  /** Bytes sent. */
  readonly size: number;
  readonly eightBit: boolean;
  readonly reversePath: string;
  readonly recipient: string;
  /** Domain whose mail server is asked, lower case A-label. */
  readonly domain: string;
  /** True when the domain stands in the provider index. */
  readonly certified: boolean;
  readonly queuedAt: Instant;
  readonly expiresAt: Instant;
}

export interface OutgoingRow extends OutgoingItem {
  readonly id: number;
  readonly nextAt: Instant;
  readonly attempts: number;
  readonly held: boolean;
  readonly lastCode: number | undefined;
  readonly lastEnhanced: string | undefined;
  readonly lastText: string | undefined;
}

/** Rows that go out in one SMTP transaction: same content, reverse path and destination. */
export interface OutgoingJob {
  readonly domain: string;
  readonly certified: boolean;
  readonly rows: readonly [OutgoingRow, ...OutgoingRow[]];
}

export interface Claim {
  readonly owner: string;
  readonly now: Instant;
  readonly leaseMs: number;
  /** Most rows to take. */
  readonly limit: number;
}

interface StoredRow {
  id: number;
  node: string;
  kind: OutgoingKind;
  identificativo: string;
  message_id: number | null;
  mail_id: string;
  content_id: number;
  skip: number;
  size: number;
  eight_bit: number;
  reverse_path: string;
  recipient: string;
  domain: string;
  certified: number;
  queued_at: number;
  expires_at: number;
  next_at: number;
  attempts: number;
  held: number;
  last_code: number | null;
  last_enhanced: string | null;
  last_text: string | null;
  lease_owner: string | null;
  lease_until: number | null;
}

const insertSql = `INSERT INTO outgoing (node, kind, identificativo, message_id, mail_id, content_id, skip, size, eight_bit,
  reverse_path, recipient, domain, certified, queued_at, expires_at, next_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** Adds the items, due at once. */
export async function enqueue(tx: Transaction, items: readonly OutgoingItem[]): Promise<void> {
  for (const item of items) {
    await tx.run(
      insertSql,
      item.node,
      item.kind,
      item.identificativo,
      item.messageId ?? null,
      item.mailId,
      item.contentId,
      item.skip,
      item.size,
      item.eightBit ? 1 : 0,
      item.reversePath,
      item.recipient,
      item.domain,
      item.certified ? 1 : 0,
      item.queuedAt,
      item.expiresAt,
      item.queuedAt,
    );
  }
}

/**
 * Takes due rows under a lease, grouped into jobs. Looked up and marked one by one: a single UPDATE with a subquery and
 * RETURNING takes SQLite ten times as long for the few rows there mostly are.
 */
export async function claimDue(tx: Transaction, claim: Claim): Promise<OutgoingJob[]> {
  const { owner, now, leaseMs, limit } = claim;
  const rows = await tx.all<StoredRow>(
    `SELECT * FROM outgoing WHERE held = 0 AND next_at <= ? AND (lease_until IS NULL OR lease_until <= ?)
       ORDER BY next_at, id LIMIT ?`,
    now,
    now,
    limit,
  );
  for (const { id } of rows)
    await tx.run(
      'UPDATE outgoing SET lease_owner = ?, lease_until = ? WHERE id = ?',
      owner,
      now + leaseMs,
      id,
    );
  return groupJobs(rows.map(toOutgoingRow));
}

/** Gives back every lease of `owner`: at start, what an earlier process of this node held. */
export async function releaseLeases(tx: Transaction, owner: string): Promise<void> {
  await tx.run('UPDATE outgoing SET lease_owner = NULL, lease_until = NULL WHERE lease_owner = ?', owner);
}

/** Nobody was asked: the rows fall due again at `nextAt` (Unix ms), and no attempt is counted. */
export async function putBack(tx: Transaction, rows: readonly OutgoingRow[], nextAt: Instant): Promise<void> {
  for (const row of rows) {
    await tx.run(
      'UPDATE outgoing SET next_at = ?, lease_owner = NULL, lease_until = NULL WHERE id = ?',
      nextAt,
      row.id,
    );
  }
}

/** Removes rows whose outcome is recorded. */
export async function removeRows(tx: Transaction, rows: readonly OutgoingRow[]): Promise<void> {
  for (const row of rows) await tx.run('DELETE FROM outgoing WHERE id = ?', row.id);
  await releaseContents(tx, new Set(rows.map((row) => row.contentId)));
}

/** True while the row is still queued: false when another act (a receipt, a notice) has closed it. */
export async function isQueued(tx: ReadTransaction, id: number): Promise<boolean> {
  return (await tx.get('SELECT id FROM outgoing WHERE id = ?', id)) !== undefined;
}

/** Removes what is still queued for one recipient of an outgoing message: the transaction is closed. */
export async function removeForRecipient(
  tx: Transaction,
  messageId: number,
  recipient: string,
): Promise<void> {
  const rows = await tx.all<{ content_id: number }>(
    `DELETE FROM outgoing WHERE message_id = ? AND LOWER(recipient) = ? AND kind = 'envelope' RETURNING content_id`,
    messageId,
    recipient,
  );
  await releaseContents(
    tx,
    rows.map((row) => row.content_id),
  );
}

/** Plans the next attempt after a temporary failure; `expired` when the limit leaves no further one. */
export async function postpone(
  tx: Transaction,
  row: OutgoingRow,
  result: RelayResult,
  now: Instant,
): Promise<'waiting' | 'expired'> {
  const attempts = row.attempts + 1;
  const next = nextAttempt({ attempts, now, expiresAt: row.expiresAt });
  if (next === 'expired') return 'expired';
  await tx.run(
    `UPDATE outgoing SET attempts = ?, next_at = ?, last_code = ?, last_enhanced = ?, last_text = ?,
       lease_owner = NULL, lease_until = NULL WHERE id = ?`,
    attempts,
    next,
    result.code,
    result.enhanced,
    result.text,
    row.id,
  );
  return 'waiting';
}

/** The instant the next row falls due that is in nobody's hands at `now`, or undefined when there is none. */
export async function nextDue(tx: ReadTransaction, now: Instant): Promise<Instant | undefined> {
  const row = await tx.get<{ due: number }>(
    `SELECT next_at AS due FROM outgoing WHERE held = 0 AND (lease_until IS NULL OR lease_until <= ?)
       ORDER BY next_at LIMIT 1`,
    now,
  );
  return row?.due;
}

export interface QueueFilter {
  readonly afterId?: number;
  readonly limit: number;
  readonly domain?: string;
}

/** Rows in the order they were queued, a page at a time. */
export async function listQueue(tx: ReadTransaction, filter: QueueFilter): Promise<OutgoingRow[]> {
  const rows = await tx.all<StoredRow>(
    `SELECT * FROM outgoing WHERE id > ? AND (? = '' OR domain = ?) ORDER BY id LIMIT ?`,
    filter.afterId ?? 0,
    filter.domain ?? '',
    filter.domain ?? '',
    filter.limit,
  );
  return rows.map(toOutgoingRow);
}

export interface QueuedRow extends OutgoingRow {
  /** Who has it in hands now, and until when at most. */
  readonly lease: { readonly owner: string; readonly until: Instant } | undefined;
}

export async function findQueued(tx: ReadTransaction, id: number): Promise<QueuedRow | undefined> {
  const row = await tx.get<StoredRow>('SELECT * FROM outgoing WHERE id = ?', id);
  if (row === undefined) return undefined;
  const { lease_owner: owner, lease_until: until } = row;
  return { ...toOutgoingRow(row), lease: owner === null || until === null ? undefined : { owner, until } };
}

/** Makes a row due now and lifts a hold; false when there is no such row. */
export async function retryNow(tx: Transaction, id: number, now: Instant): Promise<boolean> {
  const { changes } = await tx.run('UPDATE outgoing SET next_at = ?, held = 0 WHERE id = ?', now, id);
  return changes > 0;
}

/** Keeps a row back until `retryNow`; the 24 h limit goes on counting. */
export async function hold(tx: Transaction, id: number): Promise<boolean> {
  const { changes } = await tx.run('UPDATE outgoing SET held = 1 WHERE id = ?', id);
  return changes > 0;
}

function groupJobs(rows: readonly OutgoingRow[]): OutgoingJob[] {
  const groups = new Map<string, [OutgoingRow, ...OutgoingRow[]]>();
  for (const row of rows) {
    const key = `${row.contentId} ${row.domain} ${row.reversePath}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups.values()].map((group) => ({
    domain: group[0].domain,
    certified: group[0].certified,
    rows: group,
  }));
}

function toOutgoingRow(row: StoredRow): OutgoingRow {
  return {
    id: row.id,
    node: row.node,
    kind: row.kind,
    identificativo: row.identificativo,
    messageId: row.message_id ?? undefined,
    mailId: row.mail_id,
    contentId: row.content_id,
    skip: row.skip,
    size: row.size,
    eightBit: row.eight_bit === 1,
    reversePath: row.reverse_path,
    recipient: row.recipient,
    domain: row.domain,
    certified: row.certified === 1,
    queuedAt: row.queued_at,
    expiresAt: row.expires_at,
    nextAt: row.next_at,
    attempts: row.attempts,
    held: row.held === 1,
    lastCode: row.last_code ?? undefined,
    lastEnhanced: row.last_enhanced ?? undefined,
    lastText: row.last_text ?? undefined,
  };
}
