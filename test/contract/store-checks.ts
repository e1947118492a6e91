/** What must hold in a store whatever happened to the processes that worked on it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { openFsBlobStore } from '../../src/blob/fs.ts';
import { readSegments } from '../../src/blob/read-segments.ts';
import { loadContent } from '../../src/content/content.ts';
import type { Database } from '../../src/db/database.ts';

/** All values of all rows. */
export async function numbers(db: Database, sql: string): Promise<number[]> {
  const rows = await db.read((tx) => tx.all<Record<string, number>>(sql));
  return rows.flatMap((row) => Object.values(row));
}

/** Every folder's counters against its messages, and the mailbox's use against its folders. */
export async function checkCounters(db: Database): Promise<void> {
  const wrong = await numbers(
    db,
    `SELECT f.id FROM folder f LEFT JOIN (
        SELECT folder_id, COUNT(*) AS n, SUM(size) AS bytes, SUM(flags & 1 = 0) AS unseen,
               SUM(flags & 8 <> 0) AS deleted, MAX(uid) AS last, MAX(modseq) AS modseq
          FROM message GROUP BY folder_id) m ON m.folder_id = f.id
      WHERE f.messages <> COALESCE(m.n, 0) OR f.size <> COALESCE(m.bytes, 0) OR f.unseen <> COALESCE(m.unseen, 0)
         OR f.deleted <> COALESCE(m.deleted, 0) OR f.uid_next <= COALESCE(m.last, 0)
         OR f.highest_modseq < COALESCE(m.modseq, 0)`,
  );
  assert.deepEqual(wrong, []);
  const [bytes, messages] = await numbers(db, 'SELECT used_bytes, used_messages FROM mailbox_use');
  assert.deepEqual(await numbers(db, 'SELECT SUM(size), SUM(messages) FROM folder'), [bytes, messages]);
}

export async function checkContents(db: Database, folder: string): Promise<void> {
  const blobs = await openFsBlobStore({ folder: join(folder, 'blobs') });
  for (const id of await numbers(db, 'SELECT DISTINCT content_id FROM message')) {
    const { segments, size } = await db.read((tx) => loadContent(tx, id));
    let read = 0;
    for await (const chunk of readSegments(blobs, segments)) read += chunk.length;
    assert.equal(read, size, `content ${id}`);
  }
}
