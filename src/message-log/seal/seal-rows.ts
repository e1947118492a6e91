/** Seals and their stamps as rows. A seal is planned, then filled in once, then stamped; nothing of it changes. */
import type { ReadTransaction, Transaction } from '../../db/database.ts';
import type { Instant } from '../../lib/time.ts';
import { listNodes } from '../find.ts';

export interface SealKey {
  readonly node: string;
  readonly number: number;
}

export interface PlannedSeal extends SealKey {
  readonly day: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** The first line of the exported file. */
  readonly header: string;
  readonly createdAt: Instant;
}

/** What is known once the segment was exported. */
export interface SealContent {
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  readonly lastHash: Uint8Array;
  readonly root: Uint8Array;
  readonly subtreeRoots: Uint8Array;
  /** The name of the exported file. */
  readonly fileName: string;
  /** CMS SignedData, DER. */
  readonly statement: Uint8Array;
}

export interface Seal extends PlannedSeal {
  /** Undefined while it is only planned. */
  readonly content: SealContent | undefined;
  /** When enough authorities had stamped it. */
  readonly sealedAt: Instant | undefined;
}

export interface SealStamp extends SealKey {
  readonly authority: string;
  /** DER TimeStampToken over the root. */
  readonly token: Uint8Array;
  readonly time: Instant;
}

interface SealRow {
  node: string;
  number: number;
  day: string;
  first_seq: number;
  last_seq: number;
  header: string;
  created_at: number;
  first_at: number | null;
  last_at: number | null;
  last_hash: Uint8Array | null;
  root: Uint8Array | null;
  subtree_roots: Uint8Array | null;
  file_name: string | null;
  statement: Uint8Array | null;
  sealed_at: number | null;
}

/** The newest seal of the stream. */
export async function findLastSeal(tx: ReadTransaction, node: string): Promise<Seal | undefined> {
  const row = await tx.get<SealRow>(
    'SELECT * FROM log_seal WHERE node = ? ORDER BY number DESC LIMIT 1',
    node,
  );
  return row && toSeal(row);
}

export async function findSeal(tx: ReadTransaction, { node, number }: SealKey): Promise<Seal | undefined> {
  const row = await tx.get<SealRow>('SELECT * FROM log_seal WHERE node = ? AND number = ?', node, number);
  return row && toSeal(row);
}

/** The seal that covers the entry. */
export async function findSealOf(tx: ReadTransaction, node: string, seq: number): Promise<Seal | undefined> {
  const row = await tx.get<SealRow>(
    'SELECT * FROM log_seal WHERE node = ? AND number <= ? ORDER BY number DESC LIMIT 1',
    node,
    await numberOfLastBegunBy(tx, node, seq),
  );
  return row === undefined || row.last_seq < seq ? undefined : toSeal(row);
}

/** A page of the stream's seals, in order, after the number. */
export async function listSeals(
  tx: ReadTransaction,
  { node, after, limit }: { readonly node: string; readonly after: number; readonly limit: number },
): Promise<Seal[]> {
  const rows = await tx.all<SealRow>(
    'SELECT * FROM log_seal WHERE node = ? AND number > ? ORDER BY number LIMIT ?',
    node,
    after,
    limit,
  );
  return rows.map(toSeal);
}

/** Seals that lack stamps, in order: all that are not sealed, and later ones as long as others are asked again. */
export async function listOpenSeals(tx: ReadTransaction, node: string, since: Instant): Promise<Seal[]> {
  const open = await tx.all<SealRow>(
    'SELECT * FROM log_seal WHERE node = ? AND sealed_at IS NULL ORDER BY number LIMIT 10000',
    node,
  );
  const recent = await tx.all<SealRow>(
    'SELECT * FROM log_seal WHERE node = ? ORDER BY number DESC LIMIT 40',
    node,
  );
  const numbers = new Set(open.map(({ number }) => number));
  const others = recent.filter(({ number, created_at }) => created_at >= since && !numbers.has(number));
  return [...open, ...others].sort((a, b) => a.number - b.number).map(toSeal);
}

/** The streams that have a seal. */
async function listSealedNodes(tx: ReadTransaction): Promise<string[]> {
  const nodes: string[] = [];
  for (let last = ''; ; ) {
    const row = await tx.get<{ node: string | null }>(
      'SELECT MIN(node) AS node FROM log_seal WHERE node > ?',
      last,
    );
    if (row === undefined || row.node === null) return nodes;
    last = row.node;
    nodes.push(last);
  }
}

/** The streams that there are, or were before their entries left. */
export async function listStreams(tx: ReadTransaction): Promise<string[]> {
  return [...new Set([...(await listNodes(tx)), ...(await listSealedNodes(tx))])].sort();
}

/** @throws {ConstraintError} when it does not follow the last one: somebody else planned it. */
export async function planSeal(tx: Transaction, seal: PlannedSeal): Promise<void> {
  await tx.run(
    `INSERT INTO log_seal (node, number, day, first_seq, last_seq, header, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    seal.node,
    seal.number,
    seal.day,
    seal.firstSeq,
    seal.lastSeq,
    seal.header,
    seal.createdAt,
  );
}

export async function fillSeal(tx: Transaction, key: SealKey, content: SealContent): Promise<void> {
  await tx.run(
    `UPDATE log_seal SET first_at = ?, last_at = ?, last_hash = ?, root = ?, subtree_roots = ?, file_name = ?,
       statement = ? WHERE node = ? AND number = ?`,
    content.firstAt,
    content.lastAt,
    content.lastHash,
    content.root,
    content.subtreeRoots,
    content.fileName,
    content.statement,
    key.node,
    key.number,
  );
}

export async function addStamp(tx: Transaction, stamp: SealStamp): Promise<void> {
  await tx.run(
    `INSERT INTO log_seal_stamp (node, number, authority, token, time) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
    stamp.node,
    stamp.number,
    stamp.authority,
    stamp.token,
    stamp.time,
  );
}

/** The stamps of one seal, by the name of their authority. */
export function listStamps(tx: ReadTransaction, { node, number }: SealKey): Promise<SealStamp[]> {
  return tx.all<SealStamp>(
    `SELECT node, number, authority, token, time FROM log_seal_stamp WHERE node = ? AND number = ?
       ORDER BY authority`,
    node,
    number,
  );
}

export async function markSealed(tx: Transaction, { node, number }: SealKey, at: Instant): Promise<void> {
  await tx.run(
    'UPDATE log_seal SET sealed_at = ? WHERE node = ? AND number = ? AND sealed_at IS NULL',
    at,
    node,
    number,
  );
}

export interface Lease {
  readonly node: string;
  readonly owner: string;
  readonly now: Instant;
  readonly until: Instant;
}

/** Takes or prolongs the right to seal the stream; false when somebody else has it. */
export async function takeSealLease(tx: Transaction, { node, owner, now, until }: Lease): Promise<boolean> {
  const { changes } = await tx.run(
    `INSERT INTO log_seal_lease (node, owner, until) VALUES (?, ?, ?)
       ON CONFLICT (node) DO UPDATE SET owner = excluded.owner, until = excluded.until
       WHERE log_seal_lease.owner = excluded.owner OR log_seal_lease.until <= ?`,
    node,
    owner,
    until,
    now,
  );
  return changes > 0;
}

export async function dropSealLease(tx: Transaction, node: string, owner: string): Promise<void> {
  await tx.run('DELETE FROM log_seal_lease WHERE node = ? AND owner = ?', node, owner);
}

async function numberOfLastBegunBy(tx: ReadTransaction, node: string, seq: number): Promise<number> {
  let low = 0;
  let high = (await findLastSeal(tx, node))?.number ?? 0;
  // Seals cover the stream without gaps, so their first entries ascend with their numbers.
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const row = await tx.get<{ first_seq: number }>(
      'SELECT first_seq FROM log_seal WHERE node = ? AND number = ?',
      node,
      middle,
    );
    if ((row?.first_seq ?? Number.POSITIVE_INFINITY) <= seq) low = middle;
    else high = middle - 1;
  }
  return low;
}

function toSeal(row: SealRow): Seal {
  const { node, number, day } = row;
  return {
    node,
    number,
    day,
    firstSeq: row.first_seq,
    lastSeq: row.last_seq,
    header: row.header,
    createdAt: row.created_at,
    content: toContent(row),
    sealedAt: row.sealed_at ?? undefined,
  };
}

function toContent(row: SealRow): SealContent | undefined {
  const { first_at, last_at, last_hash, root, subtree_roots, file_name, statement } = row;
  if (first_at === null || last_at === null || last_hash === null || root === null) return undefined;
  if (subtree_roots === null || file_name === null || statement === null) return undefined;
  return {
    firstAt: first_at,
    lastAt: last_at,
    lastHash: last_hash,
    root,
    subtreeRoots: subtree_roots,
    fileName: file_name,
    statement,
  };
}
