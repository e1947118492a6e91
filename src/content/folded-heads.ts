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
  const known = new Set<number>();
  const without = new Map<string, Set<number>>();
  for (const text of texts) {
    const needle = foldText(text);
    // Half a character is not found in what was stored as UTF-8.
    if (!needle.isWellFormed()) continue;
    const looked = await parts.db.read((tx) => lookInto(tx, ids, needle));
    for (const id of looked.known) known.add(id);
    without.set(text, looked.without);
  }
  await foldMissing(
    parts,
    ids.filter((id) => !known.has(id)),
    without,
  );
  return without;
}

interface Looked {
  /** Those whose folded heads are kept. */
  readonly known: readonly number[];
  readonly without: Set<number>;
}

/** One row a page: most messages hold no text that is looked for, and are not told one by one. */
async function lookInto(tx: ReadTransaction, ids: readonly number[], needle: string): Promise<Looked> {
  const sql = `SELECT COUNT(*) AS count, group_concat(CASE WHEN instr(text, ?) > 0 THEN content_id END) AS holding
    ${readyRows(folded)}`;
  const looked = { known: [] as number[], without: new Set<number>() };
  for (const few of paddedPages(ids)) {
    const row = await tx.get<{ count: number; holding: string | null }>(sql, needle, ...few);
    if (row === undefined || row.count === 0) continue;
    const wanted = [...new Set(few)];
    const known = row.count === wanted.length ? wanted : await readKnown(tx, few);
    const holding = new Set(row.holding?.split(',').map(Number));
    for (const id of known) {
      looked.known.push(id);
      if (!holding.has(id)) looked.without.add(id);
    }
  }
  return looked;
}

async function readKnown(tx: ReadTransaction, few: readonly number[]): Promise<number[]> {
  const rows = await tx.all<{ id: number }>(`SELECT content_id AS id ${readyRows(folded)}`, ...few);
  return rows.map(({ id }) => id);
}

/** Folds the heads that are not kept yet, keeps them, and adds those that do not hold the texts. */
async function foldMissing(
  parts: ContentParts,
  ids: readonly number[],
  without: ReadonlyMap<string, Set<number>>,
): Promise<void> {
  let kept: Promise<void> | undefined;
  for (let from = 0; from < ids.length; from += idsToStatement) {
    await kept;
    const made = new Map<number, string>();
    for (const [id, head] of await loadHeads(parts, ids.slice(from, from + idsToStatement))) {
      made.set(id, foldHead(head));
    }
    kept = keepReadyTexts(parts.db, folded, made);
    for (const [text, found] of without) {
      const needle = foldText(text);
      for (const [id, head] of made) if (!head.includes(needle)) found.add(id);
    }
  }
}
