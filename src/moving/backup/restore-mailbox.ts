/**
 * A mailbox out of a backup into the running provider. One that is not there is made, with its logins and passwords. An
 * empty one gets its folders with UIDVALIDITY and UIDs as they were; into one with messages come those that it lacks,
 * under new UIDs, and nothing in it changes: mail programs see them arrive.
 */
import { createHash } from 'node:crypto';
import { restoreAccount } from '../../accounts/account-rows.ts';
import { findMailbox } from '../../accounts/mailboxes.ts';
import type { Transaction } from '../../db/database.ts';
import { hex } from '../../lib/bytes.ts';
import type { Segments } from '../../lib/segments.ts';
import type { Instant } from '../../lib/time.ts';
import { appendMessages, type IdentifiedMessage, identify } from '../../mailbox/append.ts';
import { restoreFolderExtras } from '../../mailbox/folder-extras.ts';
import { requireFolder } from '../../mailbox/folder-rows.ts';
import type { Folder } from '../../mailbox/mail-store.ts';
import type { ImportStores } from '../import/storing.ts';
import type { ArchivedFolder, ArchivedMailbox, ArchivedMessage } from './archived-mailbox.ts';
import { largestUid, skippedNumbers } from './numbers.ts';

export interface MailboxRestoreResult {
  readonly address: string;
  /** True when the mailbox had to be made. */
  readonly made: boolean;
  /** True when UIDVALIDITY and UIDs are as they were. */
  readonly sameNumbers: boolean;
  readonly restored: number;
  /** In the mailbox already. */
  readonly known: number;
  /** What the backup does not give any more. */
  readonly damaged: readonly string[];
}

/** @throws {StoreError} when the mailbox takes no more. @throws {MailError} when it cannot be made. */
export async function restoreMailbox(
  stores: ImportStores,
  archived: ArchivedMailbox,
  onProgress: (done: number) => void,
): Promise<MailboxRestoreResult> {
  const { db, mail } = stores;
  const found = await db.read((tx) => findMailbox(tx, archived.address));
  const mailbox = found ?? (await db.transact((tx) => restoreAccount(tx, archived.account)));
  const { usedMessages } = await mail.quota(mailbox.id);
  const run = new MailboxRun(stores, mailbox.id, usedMessages === 0);
  for (const folder of archived.folders)
    for await (const _message of run.restoreFolder(archived.address, folder))
      onProgress(run.restored + run.known);
  const { restored, known, damaged } = run;
  return {
    address: mailbox.address,
    made: found === undefined,
    sameNumbers: usedMessages === 0,
    restored,
    known,
    damaged,
  };
}

/** Messages to a transaction; none holds more than its few inline bytes. */
const batchMessages = 100;

/** Its bytes are durable. */
interface ReadyMessage {
  readonly uid: number;
  readonly at: Instant;
  readonly identified: IdentifiedMessage;
}

class MailboxRun {
  restored = 0;
  known = 0;
  readonly damaged: string[] = [];
  readonly #stores: ImportStores;
  readonly #mailboxId: number;
  readonly #empty: boolean;

  constructor(stores: ImportStores, mailboxId: number, empty: boolean) {
    this.#stores = stores;
    this.#mailboxId = mailboxId;
    this.#empty = empty;
  }

  /** Yields after each message. */
  async *restoreFolder(address: string, archived: ArchivedFolder): AsyncGenerator<void> {
    const { db } = this.#stores;
    const folder = await this.#findOrMake(archived);
    const present = this.#empty ? new Map<string, number>() : await this.#digests(folder, archived);
    await db.transact((tx) => this.#prepareNumbers(tx, folder.id, archived));
    const batch: ReadyMessage[] = [];
    for (const message of archived.messages) {
      try {
        if (await this.#isThere(message, present)) this.known += 1;
        else batch.push(await this.#receive(message));
      } catch (error) {
        if (!(error instanceof UnreadableMessage)) throw error;
        this.damaged.push(`${address}, ${archived.name}, UID ${message.uid}: ${error.message}`);
      }
      if (batch.length === batchMessages) await this.#store(folder.id, batch.splice(0));
      yield;
    }
    await this.#store(folder.id, batch);
    if (this.#empty)
      await db.transact((tx) => raiseNextUid(tx, folder.id, archived.uidNext + skippedNumbers));
  }

  async #prepareNumbers(tx: Transaction, folderId: number, archived: ArchivedFolder): Promise<void> {
    if (!this.#empty) return passNumbers(tx, folderId, archived);
    await takeNumbers(tx, folderId, archived);
    await restoreFolderExtras(tx, folderId, archived.extras);
  }

  async #isThere(message: ArchivedMessage, present: Map<string, number>): Promise<boolean> {
    if (this.#empty) return false;
    return takeOne(present, message.sha256 ?? (await hashMessage(message)));
  }

  async #store(folderId: number, batch: readonly ReadyMessage[]): Promise<void> {
    await this.#stores.db.transact(async (tx) => {
      for (const { uid, at, identified } of batch) {
        if (this.#empty) await raiseNextUid(tx, folderId, uid);
        // What was in the mailbox fitted into it: receipts come in above the quota too.
        const terms = { at, readMarks: async () => [], overQuota: this.#empty };
        await appendMessages(tx, folderId, [identified], terms);
      }
    });
    this.restored += batch.length;
  }

  async #receive(message: ArchivedMessage): Promise<ReadyMessage> {
    const { flags, internalDate, savedAt: at, uid } = message;
    const content = await this.#receiveBytes(message);
    const identified = await identify(this.#stores.blobs, { content, flags, internalDate });
    return { uid, at, identified };
  }

  async #receiveBytes(message: ArchivedMessage): Promise<Segments> {
    const digest = createHash('sha256');
    const measured = async function* () {
      let size = 0;
      for await (const chunk of readable(message)) {
        digest.update(chunk);
        size += chunk.length;
        yield chunk;
      }
      if (size !== message.size)
        throw new UnreadableMessage(`${size} bytes are there, ${message.size} should be`);
      if (message.sha256 !== undefined && message.sha256 !== digest.digest('hex'))
        throw new UnreadableMessage('its bytes are not what they were');
    };
    return this.#stores.mail.storeContent(measured());
  }

  async #findOrMake(archived: ArchivedFolder): Promise<Folder> {
    const { mail } = this.#stores;
    const folders = await mail.listFolders(this.#mailboxId);
    const found = folders.find(({ name }) => name === archived.name);
    if (found !== undefined) return found;
    const taken = folders.some(({ specialUse }) => specialUse === archived.specialUse);
    const made = await mail.createFolder(
      this.#mailboxId,
      archived.name,
      taken ? undefined : archived.specialUse,
    );
    if (archived.subscribed) await mail.setSubscribed(this.#mailboxId, archived.name, true);
    return made;
  }

  /** How many messages of each digest the folder has; only of sizes that are in the backup. */
  async #digests(folder: Folder, archived: ArchivedFolder): Promise<Map<string, number>> {
    const { mail } = this.#stores;
    const sizes = new Set(archived.messages.map(({ size }) => size));
    const counts = new Map<string, number>();
    for (const { contentId, size } of await mail.messages(folder.id, [[1, Number.POSITIVE_INFINITY]])) {
      if (!sizes.has(size)) continue;
      const digest = createHash('sha256');
      try {
        for await (const chunk of mail.read(contentId)) digest.update(chunk);
      } catch {
        // A damaged message here is no reason to keep the good one out.
        continue;
      }
      const key = hex(digest.digest());
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return counts;
  }
}

/** True when there is one of the digest; it counts once. */
function takeOne(present: Map<string, number>, sha256: string): boolean {
  const left = present.get(sha256) ?? 0;
  if (left > 0) present.set(sha256, left - 1);
  return left > 0;
}

async function hashMessage(message: ArchivedMessage): Promise<string> {
  const digest = createHash('sha256');
  for await (const chunk of readable(message)) digest.update(chunk);
  return digest.digest('hex');
}

/** The message in the backup, not the store, is at fault. */
class UnreadableMessage extends Error {}

async function* readable(message: ArchivedMessage): AsyncGenerator<Uint8Array> {
  try {
    yield* message.read();
  } catch (error) {
    throw new UnreadableMessage(error instanceof Error ? error.message : String(error));
  }
}

/**
 * The folder goes on under the numbering of the backup, beyond what was given out after it: mail programs may have seen
 * that. One that has given out UIDs already gets a UIDVALIDITY newer than both, since its old numbers and those of the
 * backup may mean other messages (RFC 9051 §2.3.1.1, RFC 7162 §3.1).
 */
async function takeNumbers(tx: Transaction, folderId: number, archived: ArchivedFolder): Promise<void> {
  const folder = await requireFolder(tx, folderId);
  const last = await tx.get<{ validity: number }>(
    'SELECT last_uid_validity AS validity FROM mailbox_use WHERE mailbox_id = ?',
    folder.mailbox_id,
  );
  const newest = Math.max(last?.validity ?? 0, archived.uidValidity);
  const validity = folder.uid_next === 1 ? archived.uidValidity : newest + 1;
  const modseq = Math.max(folder.highest_modseq, archived.highestModseq) + skippedNumbers;
  await tx.run('DELETE FROM vanished WHERE folder_id = ?', folderId);
  await tx.run(
    `UPDATE folder SET uid_validity = ?, uid_next = 1, first_recent = 1, highest_modseq = ?, vanished_since = ?
      WHERE id = ?`,
    ...[validity, modseq, modseq, folderId],
  );
  await tx.run(
    'UPDATE mailbox_use SET last_uid_validity = ? WHERE mailbox_id = ?',
    Math.max(newest, validity),
    folder.mailbox_id,
  );
}

/**
 * A restoration that broke off half-way, or rows that went back: UIDs that the backup has given to other messages are
 * passed over.
 */
async function passNumbers(tx: Transaction, folderId: number, archived: ArchivedFolder): Promise<void> {
  const folder = await requireFolder(tx, folderId);
  if (folder.uid_validity === archived.uidValidity && folder.uid_next < archived.uidNext)
    await raiseNextUid(tx, folderId, archived.uidNext + skippedNumbers);
}

async function raiseNextUid(tx: Transaction, folderId: number, uid: number): Promise<void> {
  const next = Math.min(uid, largestUid);
  await tx.run('UPDATE folder SET uid_next = ? WHERE id = ? AND uid_next < ?', next, folderId, next);
}
