/** The part tree of a stored message: scanned once, then kept beside it. */
import type { BlobStore } from '../blob/blob-store.ts';
import { readSegments } from '../blob/read-segments.ts';
import type { Database, ReadTransaction, Transaction } from '../db/database.ts';
import { MailError } from '../lib/mail-error.ts';
import type { MessagePart } from '../mime/message-part.ts';
import { PartScanner } from '../mime/part-scanner.ts';
import { loadContent } from './content.ts';
import { idsToStatement, paddedPages, placesFor } from './id-pages.ts';
import { decodeTree, encodeTree } from './tree-codec.ts';

/** Counted up when the scanner's result changes: kept trees of another version are made again. */
const structureVersion = 1;

export interface ContentParts {
  readonly db: Database;
  readonly blobs: BlobStore;
}

/** A tree as its row holds it. */
interface KeptTree {
  /** JSON; empty when `packed` has it. */
  readonly tree: string;
  readonly packed: Uint8Array | null;
}

function readKept({ tree, packed }: KeptTree): MessagePart {
  return packed === null ? (JSON.parse(tree) as MessagePart) : decodeTree(packed);
}

/**
 * The tree, from the store or scanned now.
 * @throws {MailError} `temporary` when the content or one of its blobs cannot be read.
 */
export async function loadStructure(parts: ContentParts, contentId: number): Promise<MessagePart> {
  const { db } = parts;
  const kept = await db.read((tx) =>
    tx.get<KeptTree>(
      'SELECT tree, packed FROM content_structure WHERE content_id = ? AND version = ?',
      contentId,
      structureVersion,
    ),
  );
  if (kept !== undefined) return readKept(kept);
  const tree = await scanStructure(parts, contentId);
  // The answer does not wait for it and does not fail with it: without it the next call scans again.
  keepStructure(db, contentId, tree).catch(() => undefined);
  return tree;
}

/** The tree, scanned now and not kept. @throws {MailError} `temporary` when the content or a blob cannot be read. */
async function scanStructure({ db, blobs }: ContentParts, contentId: number): Promise<MessagePart> {
  const { segments } = await db.read((tx) => loadContent(tx, contentId));
  const scanner = new PartScanner();
  for await (const chunk of readSegments(blobs, segments)) scanner.push(chunk);
  return scanner.end();
}

/** Trees that are kept already, by content. */
async function readTrees(
  tx: ReadTransaction,
  contentIds: readonly number[],
): Promise<Map<number, MessagePart>> {
  const trees = new Map<number, MessagePart>();
  const sql = `SELECT content_id, tree, packed FROM content_structure WHERE version = ${structureVersion}
    AND content_id IN (${placesFor(idsToStatement)})`;
  for (const few of paddedPages(contentIds)) {
    const rows = await tx.all<KeptTree & { content_id: number }>(sql, ...few);
    for (const row of rows) trees.set(row.content_id, readKept(row));
  }
  return trees;
}

function keepStructure(db: Database, contentId: number, tree: MessagePart): Promise<unknown> {
  return db.transact((tx) => keepTree(tx, contentId, tree));
}

/** Keeps a tree for later; nothing when the content is gone. */
function keepTree(tx: Transaction, contentId: number, tree: MessagePart): Promise<unknown> {
  return tx.run(
    `INSERT INTO content_structure (content_id, version, tree, packed) SELECT id, ?, '', ? FROM content WHERE id = ?
       ON CONFLICT (content_id) DO UPDATE SET version = excluded.version, tree = '', packed = excluded.packed`,
    structureVersion,
    encodeTree(tree),
    contentId,
  );
}

/** Trees by content, kept or scanned now. Without those of contents that cannot be read now. */
export async function loadStructures(
  parts: ContentParts,
  contentIds: readonly number[],
): Promise<Map<number, MessagePart>> {
  const trees = await parts.db.read((tx) => readTrees(tx, contentIds));
  const scanned: [id: number, tree: MessagePart][] = [];
  for (const id of contentIds) {
    if (trees.has(id)) continue;
    try {
      const tree = await scanStructure(parts, id);
      trees.set(id, tree);
      scanned.push([id, tree]);
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
    }
  }
  if (scanned.length > 0) keepTrees(parts.db, scanned).catch(() => undefined);
  return trees;
}

/** The answer does not wait for it; in small transactions, so that deliveries do not either. */
async function keepTrees(db: Database, scanned: readonly (readonly [number, MessagePart])[]): Promise<void> {
  for (let from = 0; from < scanned.length; from += 50) {
    await db.transact(async (tx) => {
      for (const [id, tree] of scanned.slice(from, from + 50)) await keepTree(tx, id, tree);
    });
  }
}
