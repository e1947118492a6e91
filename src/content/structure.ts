/** The part tree of a stored message: scanned once, then kept beside it. */
import type { BlobStore } from '../blob/blob-store.ts';
import { readSegments } from '../blob/read-segments.ts';
import type { Database } from '../db/database.ts';
import type { MessagePart } from '../mime/message-part.ts';
import { PartScanner } from '../mime/part-scanner.ts';
import { loadContent } from './content.ts';

/** Counted up when the scanner's result changes: kept trees of another version are made again. */
const structureVersion = 1;

export interface ContentParts {
  readonly db: Database;
  readonly blobs: BlobStore;
}

/**
 * The tree, from the store or scanned now.
 * @throws {MailError} `temporary` when the content or one of its blobs cannot be read.
 */
export async function loadStructure({ db, blobs }: ContentParts, contentId: number): Promise<MessagePart> {
  const kept = await db.read((tx) =>
    tx.get<{ tree: string }>(
      'SELECT tree FROM content_structure WHERE content_id = ? AND version = ?',
      contentId,
      structureVersion,
    ),
  );
  if (kept !== undefined) return JSON.parse(kept.tree) as MessagePart;
  const { segments } = await db.read((tx) => loadContent(tx, contentId));
  const scanner = new PartScanner();
  for await (const chunk of readSegments(blobs, segments)) scanner.push(chunk);
  const tree = scanner.end();
  // The answer does not wait for it and does not fail with it: without it the next call scans again.
  keepStructure(db, contentId, tree).catch(() => undefined);
  return tree;
}

function keepStructure(db: Database, contentId: number, tree: MessagePart): Promise<unknown> {
  return db.transact((tx) =>
    tx.run(
      `INSERT INTO content_structure (content_id, version, tree) SELECT id, ?, ? FROM content WHERE id = ?
         ON CONFLICT (content_id) DO UPDATE SET version = excluded.version, tree = excluded.tree`,
      structureVersion,
      JSON.stringify(tree),
      contentId,
    ),
  );
}
