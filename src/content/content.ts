/**
 * Stored messages: a content is a list of segments, written once and never changed. Whoever keeps its id in a
 * table declares that (`REFERENCES content (id)`); who gives one up says so with `releaseContents`, and the
 * sweep removes what nobody points to any more.
 */
import type { ReadTransaction, Transaction } from '../db/database.ts';
import { concatBytes } from '../lib/bytes.ts';
import { MailError } from '../lib/mail-error.ts';
import { blobsOf, isInline, type Segments, sizeOf } from '../lib/segments.ts';
import { idsToStatement, paddedPages, placesFor } from './id-pages.ts';
import { decodeSegments, encodeJoined } from './segment-codec.ts';

export interface StoredContent {
  readonly segments: Segments;
  /** Bytes of the whole message. */
  readonly size: number;
}

/**
 * Adds a content in the caller's transaction; its id, never used again for another. Blobs that the segments
 * name must be durable already.
 * @throws {MailError} `temporary`, 451 4.3.0, when a blob it names was or is being removed.
 */
export async function addContent(tx: Transaction, segments: Segments): Promise<number> {
  const blobs = blobsOf(segments);
  for (const blob of blobs) await keepBlob(tx, blob);
  const row = await tx.get<{ id: number }>(
    'INSERT INTO content (size, segments) VALUES (?, ?) RETURNING id',
    sizeOf(segments),
    encodeJoined(segments),
  );
  if (row === undefined) throw new Error('INSERT INTO content returned no row');
  for (const blob of blobs) {
    await tx.run('INSERT INTO content_blob (content_id, blob) VALUES (?, ?)', row.id, blob);
  }
  return row.id;
}

/** Says how many octets CRLF at each line end adds, in the transaction that adds the content. */
export async function noteLineEnds(tx: Transaction, id: number, octets: number): Promise<void> {
  await tx.run('UPDATE content SET line_end_octets = ? WHERE id = ?', octets, id);
}

/**
 * The segments of a stored message.
 * @throws {MailError} `temporary`, 451 4.3.0, when there is no such content: a row pointed to nothing.
 */
export async function loadContent(tx: ReadTransaction, id: number): Promise<StoredContent> {
  const row = await tx.get<{ size: number; segments: Uint8Array }>(
    'SELECT size, segments FROM content WHERE id = ?',
    id,
  );
  if (row === undefined) throw contentFailure(`content ${id} is missing`);
  return { segments: decodeSegments(row.segments), size: row.size };
}

/** The bytes of contents that stand whole in their rows, by content: those of small messages. */
export async function readInline(
  tx: ReadTransaction,
  contentIds: readonly number[],
): Promise<Map<number, Uint8Array>> {
  const sql = `SELECT id, segments FROM content WHERE id IN (${placesFor(idsToStatement)})`;
  const found = new Map<number, Uint8Array>();
  for (const few of paddedPages(contentIds)) {
    for (const row of await tx.all<{ id: number; segments: Uint8Array }>(sql, ...few)) {
      const segments = decodeSegments(row.segments);
      if (segments.every(isInline)) found.set(row.id, concatBytes(segments));
    }
  }
  return found;
}

/** Says that references to these contents were removed; the sweep looks whether others remain. One that is gone is gone. */
export async function releaseContents(tx: Transaction, ids: Iterable<number>): Promise<void> {
  for (const id of ids) {
    await tx.run(
      'INSERT INTO content_release (content_id) SELECT id FROM content WHERE id = ? ON CONFLICT DO NOTHING',
      id,
    );
  }
}

/** A blob that waits for removal is in use again; one whose removal has begun cannot be. */
async function keepBlob(tx: Transaction, blob: string): Promise<void> {
  const removal = await tx.get<{ state: string }>('SELECT state FROM blob_removal WHERE blob = ?', blob);
  if (removal === undefined) return;
  if (removal.state !== 'waiting') throw contentFailure(`blob ${blob} is ${removal.state}`);
  await tx.run('DELETE FROM blob_removal WHERE blob = ?', blob);
}

function contentFailure(reason: string): MailError {
  return new MailError(
    'temporary',
    'The mail store cannot give this message now; try again later',
    { code: 451, enhanced: '4.3.0' },
    new Error(reason),
  );
}
