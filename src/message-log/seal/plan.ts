/**
 * What the next seal of a stream covers: the entries of one legal day, from the first that is not sealed to the
 * last before the first one of a later day. By command also a day that is not over. A day without entries has
 * no seal: the numbers of the entries are without gaps, so nothing can be missing.
 */
import type { ReadTransaction } from '../../db/database.ts';
import { hex } from '../../lib/bytes.ts';
import type { Instant } from '../../lib/time.ts';
import { emptyHash } from '../append.ts';
import { legalDayOf } from './legal-day.ts';
import { findLastSeal, type PlannedSeal, type Seal } from './seal-rows.ts';
import { entryColumns, renderHeader, type SegmentHeader, segmentFormat } from './segment-line.ts';

/** After midnight: acts that began before it have written their entries by then. */
export const graceMs = 120_000;

export interface PlanRequest {
  readonly node: string;
  readonly now: Instant;
  /** True to seal what there is of a day that is not over. */
  readonly early: boolean;
  readonly provider: SegmentHeader['provider'];
  /** The provider index in force on a day, `YYYY-MM-DD`; see `SegmentHeader.index`. */
  readonly indexOn: (day: string) => Promise<SegmentHeader['index']>;
}

/** The part of a plan that the rows decide. */
export interface Span {
  readonly last: Seal | undefined;
  readonly day: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
}

/** Undefined when nothing is due; `waitUntil` then says when it will be, if entries wait. */
export async function findSpan(
  tx: ReadTransaction,
  { node, now, early }: PlanRequest,
): Promise<{ readonly span: Span | undefined; readonly waitUntil: Instant | undefined }> {
  const last = await findLastSeal(tx, node);
  const firstSeq = (last?.lastSeq ?? 0) + 1;
  const first = await tx.get<{ at: number }>(
    'SELECT at FROM message_log WHERE node = ? AND seq = ?',
    node,
    firstSeq,
  );
  if (first === undefined) return { span: undefined, waitUntil: undefined };
  const { day, end } = legalDayOf(first.at);
  const dueAt = end + graceMs;
  if (now < dueAt && !early) return { span: undefined, waitUntil: dueAt };
  const next = await tx.get<{ seq: number | null }>(
    // Only `at` may choose the index: it has just the entries since midnight to read.
    `SELECT MIN(seq) AS seq FROM message_log WHERE at >= ? AND node || '' = ? AND seq + 0 > ?`,
    end,
    node,
    firstSeq,
  );
  const lastSeq = next?.seq ? next.seq - 1 : await findLastSeq(tx, node);
  return { span: { last, day, firstSeq, lastSeq }, waitUntil: undefined };
}

/** The seal that covers the span, following the one before. */
export async function planSpan(span: Span, request: PlanRequest): Promise<PlannedSeal> {
  const { last, day, firstSeq, lastSeq } = span;
  const { node, now, provider } = request;
  if (last !== undefined && last.content === undefined)
    throw new Error(`seal ${node}/${last.number} must be filled in before the next one is planned`);
  const number = (last?.number ?? 0) + 1;
  const header: SegmentHeader = {
    segment: segmentFormat,
    provider,
    node,
    number,
    day,
    entries: lastSeq - firstSeq + 1,
    firstSeq,
    lastSeq,
    previousHash: hex(last?.content?.lastHash ?? emptyHash),
    previousRoot: last?.content === undefined ? null : hex(last.content.root),
    index: await request.indexOn(day),
    columns: entryColumns,
  };
  return { node, number, day, firstSeq, lastSeq, header: renderHeader(header), createdAt: now };
}

async function findLastSeq(tx: ReadTransaction, node: string): Promise<number> {
  const row = await tx.get<{ seq: number }>('SELECT MAX(seq) AS seq FROM message_log WHERE node = ?', node);
  return row?.seq ?? 0;
}
