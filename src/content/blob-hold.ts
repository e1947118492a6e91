/** Keeping the sweep from removing blobs while somebody reads what an older snapshot of the rows names: a backup. */
import type { ReadTransaction, Transaction } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';

/** No blob is removed until then, or until it is released; again with the same id to go on longer. */
export async function holdBlobs(tx: Transaction, id: string, until: Instant): Promise<void> {
  await tx.run(
    'INSERT INTO blob_hold (id, until) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET until = excluded.until',
    id,
    until,
  );
}

export async function releaseBlobs(tx: Transaction, id: string): Promise<void> {
  await tx.run('DELETE FROM blob_hold WHERE id = ?', id);
}

export async function areBlobsHeld(tx: ReadTransaction, at: Instant): Promise<boolean> {
  return (await tx.get('SELECT 1 FROM blob_hold WHERE until > ?', at)) !== undefined;
}
