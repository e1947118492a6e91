/**
 * Delivery inside the caller's transaction: the message stands in the folder exactly when the caller's other
 * rows (log, lifecycle) stand too.
 */
import type { Transaction } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';
import { parseFlags } from './flags.ts';
import { inbox, normalizeFolderName } from './folder-name.ts';
import { ensureFirstFolders, type FolderRow, findFolderRow } from './folder-rows.ts';
import { addMessages } from './message-rows.ts';
import { noteChange } from './notices.ts';
import { fitsInto, requireLiveMailbox } from './quota.ts';
import { noFolder } from './store-error.ts';

export interface Delivery {
  readonly mailboxId: number;
  /** A folder that is not there (any more) means the inbox: nothing is lost for a name. */
  readonly folder?: string;
  readonly contentId: number;
  readonly size: number;
  /** Also when it was saved: the transaction's one temporal value. */
  readonly internalDate: Instant;
  readonly flags?: readonly string[];
  /** For receipts and notices: they come in even when the mailbox is full. */
  readonly overQuota?: boolean;
}

export type DeliveryOutcome =
  | {
      readonly outcome: 'delivered';
      readonly folderId: number;
      readonly uid: number;
      readonly uidValidity: number;
      readonly modseq: number;
    }
  | { readonly outcome: 'quota' };

/**
 * Puts the content into the folder; watchers are told after the commit. `quota`: nothing was written.
 * @throws {StoreError} `permanent`, 550 5.1.1, when the mailbox is gone.
 */
export async function deliver(tx: Transaction, delivery: Delivery): Promise<DeliveryOutcome> {
  const { mailboxId, contentId, size, internalDate } = delivery;
  const mailbox = await requireLiveMailbox(tx, mailboxId);
  const folder = await findTarget(tx, delivery);
  if (delivery.overQuota !== true && !(await fitsInto(tx, mailbox, size))) return { outcome: 'quota' };
  const flags = parseFlags(delivery.flags ?? []);
  const added = await addMessages(tx, folder, [
    { flags, size, internalDate, savedAt: internalDate, contentId },
  ]);
  noteChange(tx, mailboxId, folder.id);
  return {
    outcome: 'delivered',
    folderId: folder.id,
    uid: added.uids[0] ?? 0,
    uidValidity: folder.uid_validity,
    modseq: added.modseq,
  };
}

async function findTarget(tx: Transaction, delivery: Delivery): Promise<FolderRow> {
  const { mailboxId, folder: wanted = inbox, internalDate } = delivery;
  const name = normalizeFolderName(wanted);
  const found = (await findFolderRow(tx, mailboxId, name)) ?? (await findFolderRow(tx, mailboxId, inbox));
  if (found !== undefined) return found;
  await ensureFirstFolders(tx, mailboxId, internalDate);
  const made = (await findFolderRow(tx, mailboxId, name)) ?? (await findFolderRow(tx, mailboxId, inbox));
  if (made === undefined) throw noFolder();
  return made;
}
