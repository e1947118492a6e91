/** What has left the message log, as rows: which segment, with which signed record, how far. */
import type { ReadTransaction } from '../../db/database.ts';
import type { Instant } from '../../lib/time.ts';
import type { SealKey } from '../seal/seal-rows.ts';

export interface Removal extends SealKey {
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** The record of what went: CMS SignedData, DER. */
  readonly record: Uint8Array;
  readonly recordedAt: Instant;
  /** Entries up to this one are gone. */
  readonly removedThrough: number;
  /** Undefined while entries of the segment are still there. */
  readonly finishedAt: Instant | undefined;
}

interface RemovalRow {
  node: string;
  number: number;
  first_seq: number;
  last_seq: number;
  record: Uint8Array;
  recorded_at: number;
  removed_through: number;
  finished_at: number | null;
}

/** The newest removal of the stream: all segments before it are gone too. */
export async function findLastRemoval(tx: ReadTransaction, node: string): Promise<Removal | undefined> {
  const row = await tx.get<RemovalRow>(
    'SELECT * FROM log_removal WHERE node = ? ORDER BY number DESC LIMIT 1',
    node,
  );
  return row && toRemoval(row);
}

/** All removals of the stream, in order. */
export async function listRemovals(tx: ReadTransaction, node: string): Promise<Removal[]> {
  const rows = await tx.all<RemovalRow>('SELECT * FROM log_removal WHERE node = ? ORDER BY number', node);
  return rows.map(toRemoval);
}

function toRemoval(row: RemovalRow): Removal {
  return {
    node: row.node,
    number: row.number,
    firstSeq: row.first_seq,
    lastSeq: row.last_seq,
    record: row.record,
    recordedAt: row.recorded_at,
    removedThrough: row.removed_through,
    finishedAt: row.finished_at ?? undefined,
  };
}
