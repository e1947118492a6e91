/**
 * The values of messages' heads, decoded and folded, in one text a message: says which messages certainly hold a text in
 * none of them. Whoever searches looks at the others field by field.
 */
import type { ReadTransaction } from '../db/database.ts';
import { foldText } from '../lib/fold.ts';
import { decodeHeaderText } from '../mime/encoded-word.ts';
import { type Head, loadHeads } from './heads.ts';
import { idsToStatement, paddedPages } from './id-pages.ts';
import { keepReadyTexts, readyRows } from './ready-texts.ts';
import type { ContentParts } from './structure.ts';

/** Counted up when heads, decoding or folding change. */
const folded = { kind: 'folded-head', version: 1 } as const;

function foldHead(head: Head): string {
  return head.map(([, value]) => foldText(decodeHeaderText(value))).join('\n');
}

/** Those of the contents that hold the text in no field of their heads, by text. Without what cannot be read now. */
export async function findWithoutInHead(
  parts: ContentParts,
  contentIds: readonly number[],
  texts: readonly string[],
): Promise<ReadonlyMap<string, ReadonlySet<number>>> {
  const ids = [...new Set(contentIds)];
  const known = new Set(await parts.db.read((tx) => readKnown(tx, ids)));
  const without = new Map<string, Set<number>>();
  for (const text of texts) {
    const needle = foldText(text);
    // Half a character is not found in what was stored as UTF-8.
    if (!needle.isWellFormed()) continue;
    const holding = await parts.db.read((tx) => readHolding(tx, ids, needle));
    without.set(text, known.difference(holding));
  }
  await foldMissing(
    parts,
    ids.filter((id) => !known.has(id)),
    without,
  );
  return without;
}

async function readKnown(tx: ReadTransaction, ids: readonly number[]): Promise<number[]> {
  const known: number[] = [];
  for (const few of paddedPages(ids)) {
    const [counted] = await tx.all<{ count: number }>(
      `SELECT COUNT(*) AS count ${readyRows(folded)}`,
      ...few,
    );
    const wanted = new Set(few);
    if (counted?.count === wanted.size) known.push(...wanted);
    else if (counted !== undefined && counted.count > 0) {
      const rows = await tx.all<{ id: number }>(`SELECT content_id AS id ${readyRows(folded)}`, ...few);
      known.push(...rows.map(({ id }) => id));
    }
  }
  return known;
}

async function readHolding(
  tx: ReadTransaction,
  ids: readonly number[],
  needle: string,
): Promise<Set<number>> {
  const sql = `SELECT content_id AS id ${readyRows(folded)} AND instr(text, ?) > 0`;
  const holding = new Set<number>();
  for (const few of paddedPages(ids)) {
    for (const { id } of await tx.all<{ id: number }>(sql, ...few, needle)) holding.add(id);
  }
  return holding;
}

/** Folds the heads that are not kept yet, keeps them, and adds those that do not hold the texts. */
async function foldMissing(
  parts: ContentParts,
  ids: readonly number[],
  without: ReadonlyMap<string, Set<number>>,
): Promise<void> {
  for (let from = 0; from < ids.length; from += idsToStatement) {
    const made = new Map<number, string>();
    for (const [id, head] of await loadHeads(parts, ids.slice(from, from + idsToStatement))) {
      made.set(id, foldHead(head));
    }
    keepReadyTexts(parts.db, folded, made);
    for (const [text, found] of without) {
      const needle = foldText(text);
      for (const [id, head] of made) if (!head.includes(needle)) found.add(id);
    }
  }
}
