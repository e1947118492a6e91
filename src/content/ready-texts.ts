/**
 * Texts made of a message once and kept beside it, so that lists of many messages neither parse nor compose. A content
 * never changes, so what was made stays true until the way of making changes: that is what the version says.
 */
import type { Database, ReadTransaction } from '../db/database.ts';
import type { MessagePart } from '../mime/message-part.ts';
import { idsToStatement, paddedPages, placesFor } from './id-pages.ts';
import { type ContentParts, loadStructures } from './structure.ts';

const tables = {
  envelope: 'content_envelope',
  'body-structure': 'content_body_structure',
  'folded-head': 'content_folded_head',
} as const;

export type ReadyKind = keyof typeof tables;

export interface ReadyText {
  readonly kind: ReadyKind;
  /** Counted up when `make` gives something else than before. */
  readonly version: number;
  readonly make: (root: MessagePart) => string;
}

/** What is longer is made each time: it would make every list slow. */
const longest = 64 * 1024;

/** The table and version of a kind, as a condition on its rows. */
export function readyRows({ kind, version }: Pick<ReadyText, 'kind' | 'version'>): string {
  return `FROM ${tables[kind]} WHERE version = ${version} AND content_id IN (${placesFor(idsToStatement)})`;
}

/** By content. Without those that cannot be read now. */
export async function loadReadyTexts(
  parts: ContentParts,
  contentIds: readonly number[],
  wanted: ReadyText,
): Promise<ReadonlyMap<number, string>> {
  const texts = await parts.db.read((tx) => readTexts(tx, contentIds, wanted));
  const missing = contentIds.filter((id) => !texts.has(id));
  let kept: Promise<void> | undefined;
  for (let from = 0; from < missing.length; from += idsToStatement) {
    await kept;
    const made = new Map<number, string>();
    for (const [id, root] of await loadStructures(parts, missing.slice(from, from + idsToStatement))) {
      made.set(id, wanted.make(root));
    }
    kept = keepReadyTexts(parts.db, wanted, made);
    for (const [id, text] of made) texts.set(id, text);
  }
  return texts;
}

async function readTexts(
  tx: ReadTransaction,
  contentIds: readonly number[],
  wanted: ReadyText,
): Promise<Map<number, string>> {
  const sql = `SELECT content_id, text ${readyRows(wanted)}`;
  const texts = new Map<number, string>();
  for (const few of paddedPages(contentIds)) {
    const rows = await tx.all<{ content_id: number; text: string }>(sql, ...few);
    for (const row of rows) texts.set(row.content_id, row.text);
  }
  return texts;
}

/** Never rejects: what is not kept is made again. Whoever makes many waits for those before, so that few wait here. */
export async function keepReadyTexts(
  db: Database,
  { kind, version }: Pick<ReadyText, 'kind' | 'version'>,
  texts: ReadonlyMap<number, string>,
): Promise<void> {
  const sql = `INSERT INTO ${tables[kind]} (content_id, version, text) SELECT id, ${version}, ? FROM content WHERE id = ?
    ON CONFLICT (content_id) DO UPDATE SET version = excluded.version, text = excluded.text`;
  const keeping = db.transact(async (tx) => {
    for (const [id, text] of texts) if (text.length <= longest) await tx.run(sql, text, id);
  });
  await keeping.catch(() => undefined);
}
