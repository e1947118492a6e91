/**
 * Heads: the header fields of a message that lists, searches and sorting are about, kept apart from its part tree, so
 * that a thousand of them are read by one statement. Made at the first need.
 */
import type { ReadTransaction } from '../db/database.ts';
import { lowerAscii } from '../lib/bytes.ts';
import { headFields } from '../mime/head-fields.ts';
import type { MessagePart } from '../mime/message-part.ts';
import { idsToStatement, paddedPages, placesFor } from './id-pages.ts';
import { type ContentParts, loadStructures } from './structure.ts';

export type Head = MessagePart['fields'];

/** Counted up when the fields below or the scanner's result change. */
const headVersion = 1;
/** What is longer is no head any more: it would make every list slow. */
const longestHead = 64 * 1024;

/** The fields of a header that are kept, in order. */
function chooseHead(fields: Head): Head {
  return fields.filter(([name]) => headFields.has(lowerAscii(name)));
}

/** By content. Without those that cannot be read now. */
export async function loadHeads(
  parts: ContentParts,
  contentIds: readonly number[],
): Promise<ReadonlyMap<number, Head>> {
  const heads = await parts.db.read((tx) => readHeads(tx, contentIds));
  const missing = contentIds.filter((id) => !heads.has(id));
  if (missing.length === 0) return heads;
  const made = new Map<number, Head>();
  for (let from = 0; from < missing.length; from += idsToStatement) {
    const few = missing.slice(from, from + idsToStatement);
    for (const [id, { fields }] of await loadStructures(parts, few)) made.set(id, chooseHead(fields));
  }
  // The answer does not wait for it and does not fail with it.
  keepHeads(parts, made).catch(() => undefined);
  for (const [id, head] of made) heads.set(id, head);
  return heads;
}

async function readHeads(tx: ReadTransaction, contentIds: readonly number[]): Promise<Map<number, Head>> {
  const sql = `SELECT content_id, fields FROM content_head WHERE version = ${headVersion}
    AND content_id IN (${placesFor(idsToStatement)})`;
  const heads = new Map<number, Head>();
  for (const few of paddedPages(contentIds)) {
    const rows = await tx.all<{ content_id: number; fields: string }>(sql, ...few);
    for (const { content_id: id, fields } of rows) heads.set(id, JSON.parse(fields) as Head);
  }
  return heads;
}

async function keepHeads({ db }: ContentParts, heads: ReadonlyMap<number, Head>): Promise<void> {
  const rows = [...heads].map(([id, head]) => [id, JSON.stringify(head)] as const);
  const fitting = rows.filter(([, text]) => text.length <= longestHead);
  for (let from = 0; from < fitting.length; from += idsToStatement) {
    await db.transact(async (tx) => {
      for (const [id, text] of fitting.slice(from, from + idsToStatement)) {
        await tx.run(
          `INSERT INTO content_head (content_id, version, fields) SELECT id, ?, ? FROM content WHERE id = ?
             ON CONFLICT (content_id) DO UPDATE SET version = excluded.version, fields = excluded.fields`,
          headVersion,
          text,
          id,
        );
      }
    });
  }
}
