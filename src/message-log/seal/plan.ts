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
  const next = await findFirstFrom(tx, { node, after: firstSeq, from: end, now });
  const lastSeq = next === undefined ? await findLastSeq(tx, node) : next - 1;
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

/** The first window in which entries are looked for, and how it grows: after days away there may be millions. */
const firstWindowMs = 600_000;
const windowGrowth = 6;

interface LaterEntries {
  readonly node: string;
  readonly after: number;
  readonly from: Instant;
  readonly now: Instant;
}

/** The smallest number among the entries from that instant on; undefined when there are none. */
async function findFirstFrom(
  tx: ReadTransaction,
  { node, after, from, now }: LaterEntries,
): Promise<number | undefined> {
  for (let window = firstWindowMs; ; window *= windowGrowth) {
    const isLast = from + window > now;
    const row = await tx.get<{ seq: number | null }>(
      // Only `at` may choose the index: it has just the entries of the window to read.
      `SELECT MIN(seq) AS seq FROM message_log WHERE at >= ? AND at < ? AND node || '' = ? AND seq + 0 > ?`,
      from,
      isLast ? Number.MAX_SAFE_INTEGER : from + window,
      node,
      after,
    );
    if (row?.seq) return row.seq;
    if (isLast) return undefined;
  }
}

async function findLastSeq(tx: ReadTransaction, node: string): Promise<number> {
  const row = await tx.get<{ seq: number }>('SELECT MAX(seq) AS seq FROM message_log WHERE node = ?', node);
  return row?.seq ?? 0;
}
