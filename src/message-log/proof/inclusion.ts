/** The way from an entry to the root of its seal: 1024 leaves around it are read, the rest was kept. */
import type { ReadTransaction } from '../../db/database.ts';
import { hashLeaf, pathIn, splitNodes, subtreeLeaves } from '../seal/merkle.ts';
import { digestLine } from '../seal/segment-line.ts';
import type { FilledSeal } from '../verify/check-segment.ts';

/** The siblings of the leaf, from the bottom up; undefined when entries around it have left the database. */
export async function findPath(
  tx: ReadTransaction,
  seal: FilledSeal,
  leaf: number,
): Promise<Uint8Array[] | undefined> {
  const subtree = Math.floor(leaf / subtreeLeaves);
  const leaves = await readLeaves(tx, seal, subtree);
  if (leaves === undefined) return undefined;
  return [...pathIn(leaves, leaf % subtreeLeaves), ...pathIn(splitNodes(seal.content.subtreeRoots), subtree)];
}

/** Leaf 0 is the header, leaf 1 the first entry. */
async function readLeaves(
  tx: ReadTransaction,
  { node, header, firstSeq, lastSeq }: FilledSeal,
  subtree: number,
): Promise<Uint8Array[] | undefined> {
  const from = Math.max(firstSeq, firstSeq - 1 + subtree * subtreeLeaves);
  const to = Math.min(lastSeq, firstSeq - 2 + (subtree + 1) * subtreeLeaves);
  const rows = await tx.all<{ hash: Uint8Array }>(
    'SELECT hash FROM message_log WHERE node = ? AND seq >= ? AND seq <= ? ORDER BY seq',
    node,
    from,
    to,
  );
  if (rows.length !== to - from + 1) return undefined;
  const leaves = rows.map(({ hash }) => hashLeaf(hash));
  return subtree === 0 ? [hashLeaf(digestLine(header)), ...leaves] : leaves;
}
