/**
 * Quota is logical: the sum of the sizes of the mailbox's messages, copies counted each. It stands in one row,
 * changed with the messages (RFC 9208: STORAGE and MESSAGE).
 */
import { findMailboxById, type Mailbox } from '../accounts/mailboxes.ts';
import type { ReadTransaction, Transaction } from '../db/database.ts';
import type { QuotaUse } from './mail-store.ts';
import { noMailbox } from './store-error.ts';

/** A mailbox in use. @throws {StoreError} `nonexistent` when there is none or it was removed. */
export async function requireLiveMailbox(tx: ReadTransaction, mailboxId: number): Promise<Mailbox> {
  const mailbox = await findMailboxById(tx, mailboxId);
  if (mailbox === undefined || mailbox.removedAt !== undefined) throw noMailbox();
  return mailbox;
}

/** @throws {StoreError} `nonexistent` */
export async function readQuota(tx: ReadTransaction, mailboxId: number): Promise<QuotaUse> {
  const mailbox = await requireLiveMailbox(tx, mailboxId);
  const use = await readUse(tx, mailboxId);
  return {
    usedBytes: use?.used_bytes ?? 0,
    limitBytes: mailbox.quotaBytes,
    usedMessages: use?.used_messages ?? 0,
  };
}

/** True when so many more bytes are within the limit. @throws {StoreError} `nonexistent` */
export async function hasRoom(tx: ReadTransaction, mailboxId: number, bytes: number): Promise<boolean> {
  return fitsInto(tx, await requireLiveMailbox(tx, mailboxId), bytes);
}

/** The same for a mailbox that was read in this transaction. */
export async function fitsInto(tx: ReadTransaction, mailbox: Mailbox, bytes: number): Promise<boolean> {
  const use = await readUse(tx, mailbox.id);
  return (use?.used_bytes ?? 0) + bytes <= mailbox.quotaBytes;
}

/** Undefined for a mailbox that nothing has touched yet. */
function readUse(
  tx: ReadTransaction,
  mailboxId: number,
): Promise<{ used_bytes: number; used_messages: number } | undefined> {
  return tx.get('SELECT used_bytes, used_messages FROM mailbox_use WHERE mailbox_id = ?', mailboxId);
}

/** Adds to what the mailbox uses; negative for what goes. */
export async function addUse(
  tx: Transaction,
  mailboxId: number,
  { bytes, messages }: { bytes: number; messages: number },
): Promise<void> {
  await tx.run(
    `UPDATE mailbox_use SET used_bytes = used_bytes + ?, used_messages = used_messages + ?
       WHERE mailbox_id = ?`,
    bytes,
    messages,
    mailboxId,
  );
}
