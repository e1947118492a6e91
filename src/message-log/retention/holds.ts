/**
 * Legal holds: as long as one is in force, no segment that it reaches leaves the message log, however old. A
 * hold reaches all entries of its time span, or those of one mailbox or message; since only whole segments
 * leave, one such entry keeps its segment, and all after it. Holds are lifted, never erased.
 */
import type { ReadTransaction, Transaction } from '../../db/database.ts';
import type { Instant } from '../../lib/time.ts';
import type { SealKey } from '../seal/seal-rows.ts';

export interface HoldRequest {
  /** Who asked for it and why: a court, a case number. */
  readonly reason: string;
  /** Inclusive; the beginning of time when absent. */
  readonly from?: Instant | undefined;
  /** Inclusive; for ever when absent. */
  readonly to?: Instant | undefined;
  /** Only entries of this mailbox, as sender or recipient; compared without case. */
  readonly address?: string | undefined;
  /** Only entries of this message. */
  readonly identificativo?: string | undefined;
  /** Who gives the order here. */
  readonly by: string;
}

export interface LegalHold extends HoldRequest {
  readonly id: number;
  readonly addedAt: Instant;
  readonly liftedBy: string | undefined;
  readonly liftedAt: Instant | undefined;
}

interface HoldRow {
  id: number;
  reason: string;
  from_at: number;
  to_at: number;
  address_key: string | null;
  identificativo: string | null;
  added_by: string;
  added_at: number;
  lifted_by: string | null;
  lifted_at: number | null;
}

const always = Number.MAX_SAFE_INTEGER;

/** In force when the transaction is; the hold's number. */
export async function addHold(tx: Transaction, hold: HoldRequest, at: Instant): Promise<number> {
  const row = await tx.get<{ id: number }>(
    `INSERT INTO log_hold (reason, from_at, to_at, address_key, identificativo, added_by, added_at)
       VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id`,
    hold.reason,
    hold.from ?? 0,
    hold.to ?? always,
    hold.address?.toLowerCase() ?? null,
    hold.identificativo ?? null,
    hold.by,
    at,
  );
  return row?.id ?? 0;
}

/** False when there is no such hold in force. */
export async function liftHold(
  tx: Transaction,
  { id, by, at }: { readonly id: number; readonly by: string; readonly at: Instant },
): Promise<boolean> {
  const { changes } = await tx.run(
    'UPDATE log_hold SET lifted_by = ?, lifted_at = ? WHERE id = ? AND lifted_at IS NULL',
    by,
    at,
    id,
  );
  return changes > 0;
}

/** Those in force; with `all` also those lifted. Oldest first. */
export async function listHolds(tx: ReadTransaction, all = false): Promise<LegalHold[]> {
  const condition = all ? 'id > 0' : 'lifted_at IS NULL';
  const rows = await tx.all<HoldRow>(`SELECT * FROM log_hold WHERE ${condition} ORDER BY id`);
  return rows.map(toHold);
}

/** The holds that keep the segment; the same rule stands in the triggers. */
export async function findHoldsOn(tx: ReadTransaction, { node, number }: SealKey): Promise<LegalHold[]> {
  const rows = await tx.all<HoldRow>(
    `SELECT h.* FROM log_seal s CROSS JOIN log_hold h
       WHERE s.node = ? AND s.number = ? AND h.lifted_at IS NULL
         AND h.from_at <= s.last_at AND h.to_at >= s.first_at
         AND (h.address_key IS NULL OR s.last_at / 86400000 - s.first_at / 86400000 > 1
           OR EXISTS (SELECT 1 FROM message_log_address a
             WHERE a.day IN (s.first_at / 86400000, s.last_at / 86400000) AND a.address_key = h.address_key
               AND a.node = s.node AND a.at BETWEEN s.first_at AND s.last_at))
         AND (h.identificativo IS NULL OR EXISTS (SELECT 1 FROM message_log l
           WHERE l.identificativo = h.identificativo AND l.node = s.node
             AND l.at BETWEEN s.first_at AND s.last_at))
       ORDER BY h.id`,
    node,
    number,
  );
  return rows.map(toHold);
}

function toHold(row: HoldRow): LegalHold {
  return {
    id: row.id,
    reason: row.reason,
    from: row.from_at === 0 ? undefined : row.from_at,
    to: row.to_at === always ? undefined : row.to_at,
    address: row.address_key ?? undefined,
    identificativo: row.identificativo ?? undefined,
    by: row.added_by,
    addedAt: row.added_at,
    liftedBy: row.lifted_by ?? undefined,
    liftedAt: row.lifted_at ?? undefined,
  };
}
