/**
 * Full text of messages: says which of them cannot hold a text. Whoever searches reads the others, so an answer is the
 * same with the index, without it, and while it is behind. Fed in the background, in small transactions.
 */
import { readSegments } from '../blob/read-segments.ts';
import type { ReadTransaction, Transaction } from '../db/database.ts';
import { foldText } from '../lib/fold.ts';
import { MailError } from '../lib/mail-error.ts';
import { decodeHeaderText } from '../mime/encoded-word.ts';
import type { MessagePart } from '../mime/message-part.ts';
import { walkParts } from '../mime/part-walk.ts';
import { readText } from '../mime/text-part.ts';
import { loadContent } from './content.ts';
import { idsToStatement, paddedPages, placesFor } from './id-pages.ts';
import { type ContentParts, loadStructures } from './structure.ts';
import { keepNewGroups } from './text-groups.ts';

/** Characters of a message that are indexed at most; one with more text is read at each search. */
const longestText = 1024 * 1024;
/** Characters that bring a new group of three, at most: more than any base64 has when it is folded. */
const mostNewText = 128 * 1024;
/** Characters to a transaction: some ten milliseconds. A longer text has one of its own. */
const textTogether = 32 * 1024;
/** Messages to a transaction: a delivery waits no longer for them than for another delivery. */
const batch = 8;
/** Contents that one look for messages left out goes over at most. */
const lookedOver = 2000;
/** Groups of three of a text that are looked for at most; more would not tell more. */
const mostGroups = 40;

/**
 * Indexes the next messages after content `after`. The last content looked at, undefined when there are no more.
 * Contents that stand in no folder are passed over: {@link indexLeftOut} finds those that come into one later.
 */
export async function indexNext(parts: ContentParts, after: number): Promise<number | undefined> {
  const rows = await parts.db.read((tx) =>
    tx.all<{ id: number; wanted: number }>(
      `SELECT id, EXISTS (SELECT 1 FROM message WHERE content_id = content.id)
          AND NOT EXISTS (SELECT 1 FROM content_text_state s WHERE s.content_id = content.id) AS wanted
         FROM content WHERE id > ? ORDER BY id LIMIT ${batch}`,
      after,
    ),
  );
  await indexAll(
    parts,
    rows.filter(({ wanted }) => wanted === 1).map(({ id }) => id),
  );
  return rows.at(-1)?.id;
}

/**
 * Indexes some of the messages up to content `upTo` that were passed over: they came into a folder only later, could not be
 * read, or were stored while there was no index. Goes over `after` and what follows it.
 * @returns where to go on, undefined when all were looked at
 */
export async function indexLeftOut(
  parts: ContentParts,
  after: number,
  upTo: number,
): Promise<number | undefined> {
  const end = Math.min(after + lookedOver, upTo);
  if (end <= after) return undefined;
  const rows = await parts.db.read((tx) =>
    tx.all<{ id: number }>(
      `SELECT DISTINCT content_id AS id FROM message WHERE content_id > ? AND content_id <= ?
          AND NOT EXISTS (SELECT 1 FROM content_text_state s WHERE s.content_id = message.content_id)
         ORDER BY content_id LIMIT ${batch}`,
      after,
      end,
    ),
  );
  const ids = rows.map(({ id }) => id);
  await indexAll(parts, ids);
  return ids.length === batch ? ids.at(-1) : end;
}

async function indexAll(parts: ContentParts, ids: readonly number[]): Promise<void> {
  const texts = await collectTexts(parts, ids);
  for (const few of divide(texts)) await parts.db.transact((tx) => addTexts(tx, few));
}

/** Mail waits while texts are added, so not for many long ones at once. */
function* divide(texts: ReadonlyMap<number, string | undefined>) {
  let few = new Map<number, string | undefined>();
  let size = 0;
  for (const [id, text = ''] of texts) {
    if (few.size > 0 && size + text.length > textTogether) {
      yield few;
      few = new Map();
      size = 0;
    }
    few.set(id, texts.get(id));
    size += text.length;
  }
  if (few.size > 0) yield few;
}

/** Where indexing goes on after a start: the last content that is indexed. */
export async function findIndexed(tx: ReadTransaction): Promise<number> {
  const row = await tx.get<{ id: number | null }>('SELECT MAX(content_id) AS id FROM content_text_state');
  return row?.id ?? 0;
}

/** Without messages that cannot be read now: they are not indexed, so they are read at each search. */
async function collectTexts(
  parts: ContentParts,
  ids: readonly number[],
): Promise<Map<number, string | undefined>> {
  const texts = new Map<number, string | undefined>();
  for (const [id, root] of await loadStructures(parts, ids)) {
    try {
      texts.set(id, await collectText(parts, id, root));
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
    }
  }
  return texts;
}

/** All that SEARCH TEXT looks into, folded piece by piece as it is there; undefined when it is too much. */
async function collectText(
  { db, blobs }: ContentParts,
  id: number,
  root: MessagePart,
): Promise<string | undefined> {
  const { segments } = await db.read((tx) => loadContent(tx, id));
  let text = '';
  for (const part of walkParts(root)) {
    for (const [name, value] of part.fields) text += `${foldText(`${name}: ${decodeHeaderText(value)}`)}\n`;
    if (part.type === 'text') {
      const range = { offset: part.bodyStart, length: part.bodyEnd - part.bodyStart };
      const body = range.length > 0 ? readSegments(blobs, segments, range) : noBytes();
      for await (const piece of readText(part, body)) {
        text += foldText(piece);
        if (text.length > longestText) return undefined;
      }
      text += '\n';
    }
    if (text.length > longestText) return undefined;
  }
  // The tokenizer stops at a NUL; no text that is looked for holds one.
  return keepNewGroups(text.replaceAll('\0', ' '), mostNewText);
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}

async function addTexts(tx: Transaction, texts: ReadonlyMap<number, string | undefined>): Promise<void> {
  for (const [id, text] of texts) {
    // The content may be gone, or another process may have been first.
    const { changes } = await tx.run(
      `INSERT INTO content_text_state (content_id, indexed) SELECT id, ? FROM content WHERE id = ?
         ON CONFLICT DO NOTHING`,
      text === undefined ? 0 : 1,
      id,
    );
    if (changes === 1 && text !== undefined) {
      await tx.run('INSERT INTO content_text (rowid, text) VALUES (?, ?)', id, text);
    }
  }
}

/** Those of the contents that certainly do not hold the text, by text. Texts of less than three characters say nothing. */
export async function readWithout(
  tx: ReadTransaction,
  contentIds: readonly number[],
  texts: readonly string[],
): Promise<ReadonlyMap<string, ReadonlySet<number>>> {
  const indexed = await readIndexed(tx, contentIds);
  const without = new Map<string, ReadonlySet<number>>();
  if (indexed.length === 0) return without;
  const first = Math.min(...indexed);
  const last = Math.max(...indexed);
  for (const text of texts) {
    const match = formatMatch(foldText(text));
    if (match === undefined) continue;
    const rows = await tx.all<{ rowid: number }>(
      'SELECT rowid FROM content_text WHERE content_text MATCH ? AND rowid BETWEEN ? AND ?',
      match,
      first,
      last,
    );
    const candidates = new Set(rows.map(({ rowid }) => rowid));
    without.set(text, new Set(indexed.filter((id) => !candidates.has(id))));
  }
  return without;
}

async function readIndexed(tx: ReadTransaction, contentIds: readonly number[]): Promise<number[]> {
  const sql = `SELECT content_id FROM content_text_state
    WHERE indexed = 1 AND content_id IN (${placesFor(idsToStatement)})`;
  const indexed: number[] = [];
  for (const few of paddedPages(contentIds)) {
    for (const row of await tx.all<{ content_id: number }>(sql, ...few)) indexed.push(row.content_id);
  }
  return indexed;
}

/** All its groups of three characters; undefined when it has none, or some that the index does not see. */
function formatMatch(folded: string): string | undefined {
  const characters = [...folded];
  if (characters.length < 3 || characters.includes('\0')) return undefined;
  const groups = new Set<string>();
  for (let index = 0; index + 3 <= characters.length && groups.size < mostGroups; index += 1) {
    groups.add(
      `"${characters
        .slice(index, index + 3)
        .join('')
        .replaceAll('"', '""')}"`,
    );
  }
  return [...groups].join(' AND ');
}
