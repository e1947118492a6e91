/**
 * Delivery inside the caller's transaction: the message stands in the folder exactly when the caller's other
 * rows (log, lifecycle) stand too.
 */
import type { Mailbox } from '../accounts/mailboxes.ts';
import type { Transaction } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';
import { parseFlags } from './flags.ts';
import { inbox, normalizeFolderName } from './folder-name.ts';
import { ensureFirstFolders, type FolderRow, findFolderRow } from './folder-rows.ts';
import { ensureFolder, type FolderOrder } from './folders.ts';
import { addMessages } from './message-rows.ts';
import { noteChange } from './notices.ts';
import { fitsInto, requireLiveMailbox } from './quota.ts';
import { noFolder, StoreError } from './store-error.ts';

export interface Delivery {
  readonly mailboxId: number;
  /** Its row, when the caller has read it in this transaction and it was not removed. */
  readonly mailbox?: Mailbox;
  /** A folder that is not there (any more) means the inbox: nothing is lost for a name. */
  readonly folder?: string;
  /** A receipt: it goes into the mailbox's folder for receipts, where it wants one. */
  readonly receipt?: boolean;
  readonly contentId: number;
  readonly size: number;
  /** Also when it was saved: the transaction's one temporal value. */
  readonly internalDate: Instant;
  readonly flags?: readonly string[];
  /** Only of the mailbox's own messages, see sent-copies.ts. */
  readonly messageId?: string | undefined;
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
  const mailbox = delivery.mailbox ?? (await requireLiveMailbox(tx, mailboxId));
  const folder = await findTarget(tx, delivery, mailbox);
  if (delivery.overQuota !== true && !(await fitsInto(tx, mailbox, size))) return { outcome: 'quota' };
  const flags = parseFlags(delivery.flags ?? []);
  const added = await addMessages(tx, folder, [
    { flags, size, internalDate, savedAt: internalDate, contentId, messageId: delivery.messageId },
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

async function findTarget(
  tx: Transaction,
  delivery: Delivery,
  { receiptsFolder }: Mailbox,
): Promise<FolderRow> {
  const { mailboxId, folder: wanted = inbox, internalDate } = delivery;
  if (delivery.receipt === true && receiptsFolder !== undefined) {
    const folder = await findReceiptsFolder(tx, { mailboxId, name: receiptsFolder, at: internalDate });
    if (folder !== undefined) return folder;
  }
  const name = normalizeFolderName(wanted);
  const found = (await findFolderRow(tx, mailboxId, name)) ?? (await findFolderRow(tx, mailboxId, inbox));
  if (found !== undefined) return found;
  await ensureFirstFolders(tx, mailboxId, internalDate);
  const made = (await findFolderRow(tx, mailboxId, name)) ?? (await findFolderRow(tx, mailboxId, inbox));
  if (made === undefined) throw noFolder();
  return made;
}

/** Undefined when it cannot be had: a receipt is never lost for a name. */
async function findReceiptsFolder(tx: Transaction, order: FolderOrder): Promise<FolderRow | undefined> {
  await ensureFirstFolders(tx, order.mailboxId, order.at);
  try {
    return await ensureFolder(tx, order);
  } catch (error) {
    if (error instanceof StoreError) return undefined;
    throw error;
  }
}
