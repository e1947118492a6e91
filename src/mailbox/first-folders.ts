/** A mailbox gets its first folders at the first look into it. */
import type { Database } from '../db/database.ts';
import type { Clock } from '../lib/time.ts';
import { inbox } from './folder-name.ts';
import { ensureFirstFolders, findFolderRow } from './folder-rows.ts';
import { requireLiveMailbox } from './quota.ts';

/** Cheap when they stand. @throws {StoreError} `nonexistent` when there is no such mailbox. */
export async function ensureFolders(
  { db, clock }: { readonly db: Database; readonly clock: Clock },
  mailboxId: number,
): Promise<void> {
  if ((await db.read((tx) => findFolderRow(tx, mailboxId, inbox))) !== undefined) return;
  await db.transact(async (tx) => {
    await requireLiveMailbox(tx, mailboxId);
    await ensureFirstFolders(tx, mailboxId, clock());
  });
}
