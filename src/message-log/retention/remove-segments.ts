/**
 * What the law no longer asks for leaves the database: whole sealed segments, the oldest first, none that a
 * legal hold reaches, each with a signed record of what went. Their files stay where they are, and so do seals,
 * stamps and statements. In pages, so that mail goes on; a removal that was interrupted goes on where it stood.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ConstraintError, type Database, type Transaction } from '../../db/database.ts';
import type { Signer } from '../../keys/signer.ts';
import { hex } from '../../lib/bytes.ts';
import type { Clock, Instant } from '../../lib/time.ts';
import { listAddressKeys } from '../append.ts';
import { dayNumberOf } from '../log-days.ts';
import { type LogRow, readLogRows, toLogEvent } from '../log-rows.ts';
import { monthsBefore } from '../seal/legal-day.ts';
import { findSeal, listStreams, type Seal, type SealContent, type SealKey } from '../seal/seal-rows.ts';
import { oneChunk, type SegmentArchive } from '../seal/segment-archive.ts';
import { nameSegment, readHeader } from '../seal/segment-line.ts';
import { signJson } from '../seal/statement.ts';
import { findHoldsOn, type LegalHold } from './holds.ts';
import { findLastRemoval, type Removal } from './removal-rows.ts';

export interface RetentionOptions {
  readonly db: Database;
  readonly archive: SegmentArchive;
  readonly signer: () => Signer;
  readonly clock: Clock;
  /** How long entries are kept: 30 or more; the schema refuses less whatever stands here. */
  readonly months: number;
}

export interface RetentionRound {
  /** Segments that are gone now. */
  readonly removed: readonly SealKey[];
  /** Segments old enough that holds keep. */
  readonly held: readonly (SealKey & { readonly holds: readonly LegalHold[] })[];
}

/** The signed record, JSON. */
export interface RemovalRecord {
  /** The format. */
  readonly removal: 'openpec-removal-1';
  readonly provider: { readonly name: string; readonly domain: string } | null;
  readonly node: string;
  readonly number: number;
  readonly day: string;
  readonly entries: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly firstAt: string;
  readonly lastAt: string;
  readonly lastHash: string;
  readonly root: string;
  readonly file: string;
  readonly keptMonths: number;
  readonly removedAt: string;
}

type FilledSeal = Seal & { readonly content: SealContent };

/** Enough rows to get on, few enough that a waiting message does not notice. */
const pageRows = 300;

/** Removes what may go now, in every stream. */
export async function removeOldSegments(options: RetentionOptions): Promise<RetentionRound> {
  const removed: SealKey[] = [];
  const held: RetentionRound['held'][number][] = [];
  for (const node of await options.db.read(listStreams))
    for (;;) {
      const outcome = await removeOldest(options, node);
      if (outcome === undefined) break;
      if ('holds' in outcome) {
        held.push(outcome);
        break;
      }
      removed.push(outcome);
    }
  return { removed, held };
}

/** Undefined when the oldest segment of the stream must stay for its age. */
async function removeOldest(
  options: RetentionOptions,
  node: string,
): Promise<SealKey | RetentionRound['held'][number] | undefined> {
  const { db, clock, months } = options;
  const last = await db.read((tx) => findLastRemoval(tx, node));
  const isUnfinished = last !== undefined && last.finishedAt === undefined;
  const key = { node, number: isUnfinished ? last.number : (last?.number ?? 0) + 1 };
  const seal = await db.read((tx) => findSeal(tx, key));
  if (!isFilled(seal) || seal.sealedAt === undefined) return undefined;
  const now = clock();
  if (!isUnfinished && seal.content.lastAt >= monthsBefore(now, months)) return undefined;
  try {
    if (!isUnfinished) await beginRemoval(options, seal, now);
    while (!(await removePage(db, key, clock))) await nextTurn();
    return key;
  } catch (error) {
    const holds = await db.read((tx) => findHoldsOn(tx, key));
    if (error instanceof ConstraintError && holds.length > 0) return { ...key, holds };
    throw error;
  }
}

async function beginRemoval(options: RetentionOptions, seal: FilledSeal, now: Instant): Promise<void> {
  const { db, archive, signer, months } = options;
  // The trigger refuses a segment under a hold; asked before, so that no record is signed in vain.
  if ((await db.read((tx) => findHoldsOn(tx, seal))).length > 0)
    throw new ConstraintError('refused', 'a legal hold keeps this segment', undefined);
  const record = await signJson(buildRecord(seal, months, now), signer(), now);
  await archive.write(`${nameSegment(seal)}.removed.p7m`, oneChunk(record));
  const { node, number, firstSeq, lastSeq } = seal;
  await db.transact((tx) =>
    tx.run(
      `INSERT INTO log_removal (node, number, first_seq, last_seq, record, recorded_at, removed_through)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
      node,
      number,
      firstSeq,
      lastSeq,
      record,
      now,
      firstSeq - 1,
    ),
  );
}

function buildRecord(seal: FilledSeal, keptMonths: number, now: Instant): RemovalRecord {
  const { node, number, day, firstSeq, lastSeq, content } = seal;
  return {
    removal: 'openpec-removal-1',
    provider: readHeader(seal.header)?.provider ?? null,
    node,
    number,
    day,
    entries: lastSeq - firstSeq + 1,
    firstSeq,
    lastSeq,
    firstAt: new Date(content.firstAt).toISOString(),
    lastAt: new Date(content.lastAt).toISOString(),
    lastHash: hex(content.lastHash),
    root: hex(content.root),
    file: content.fileName,
    keptMonths,
    removedAt: new Date(now).toISOString(),
  };
}

/** True when it was the last one. The permission is opened and closed in this transaction. */
function removePage(db: Database, key: SealKey, clock: Clock): Promise<boolean> {
  return db.transact(async (tx) => {
    const removal = await findLastRemoval(tx, key.node);
    if (removal === undefined || removal.finishedAt !== undefined) return true;
    const { node, number, lastSeq: through, removedThrough: after } = removal;
    await tx.run('UPDATE log_removal SET open = 1 WHERE node = ? AND number = ?', node, number);
    const rows = await readLogRows(tx, { node, after, through, limit: pageRows });
    for (const row of rows) await removeAddresses(tx, row);
    const reached = rows.at(-1)?.seq ?? through;
    await tx.run('DELETE FROM message_log WHERE node = ? AND seq > ? AND seq <= ?', node, after, reached);
    await removeFacts(tx, rows);
    await closePermission(tx, removal, { reached, at: clock() });
    return reached === through;
  });
}

async function closePermission(
  tx: Transaction,
  { node, number, lastSeq }: Removal,
  { reached, at }: { readonly reached: number; readonly at: Instant },
): Promise<void> {
  await tx.run(
    'UPDATE log_removal SET open = 0, removed_through = ?, finished_at = ? WHERE node = ? AND number = ?',
    reached,
    reached === lastSeq ? at : null,
    node,
    number,
  );
}

async function removeAddresses(tx: Transaction, row: LogRow): Promise<void> {
  for (const key of listAddressKeys(toLogEvent(row)))
    await tx.run(
      'DELETE FROM message_log_address WHERE day = ? AND address_key = ? AND at = ? AND node = ? AND seq = ?',
      dayNumberOf(row.at),
      key,
      row.at,
      row.node,
      row.seq,
    );
}

/** Facts go with the last entry that names them; a message of two days has entries in two segments. */
async function removeFacts(tx: Transaction, rows: readonly LogRow[]): Promise<void> {
  const named = new Map(rows.map((row) => [hex(row.facts), row]));
  for (const { facts, identificativo } of named.values())
    await tx.run(
      `DELETE FROM message_log_facts WHERE identificativo = ? AND digest = ?
         AND NOT EXISTS (SELECT 1 FROM message_log WHERE identificativo = ? AND facts = ?)`,
      identificativo,
      facts,
      identificativo,
      facts,
    );
}

function isFilled(seal: Seal | undefined): seal is FilledSeal {
  return seal?.content !== undefined;
}
