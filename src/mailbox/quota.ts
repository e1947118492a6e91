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

export async function readQuota(tx: ReadTransaction, mailboxId: number): Promise<QuotaUse> {
  const mailbox = await requireLiveMailbox(tx, mailboxId);
  const use = await tx.get<{ used_bytes: number; used_messages: number }>(
    'SELECT used_bytes, used_messages FROM mailbox_use WHERE mailbox_id = ?',
    mailboxId,
  );
  return {
    usedBytes: use?.used_bytes ?? 0,
    limitBytes: mailbox.quotaBytes,
    usedMessages: use?.used_messages ?? 0,
  };
}

/** True when so many more bytes are within the limit. @throws {StoreError} `nonexistent` */
export async function hasRoom(tx: ReadTransaction, mailboxId: number, bytes: number): Promise<boolean> {
  const { usedBytes, limitBytes } = await readQuota(tx, mailboxId);
  return usedBytes + bytes <= limitBytes;
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
