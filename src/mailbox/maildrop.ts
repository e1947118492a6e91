/**
 * The inbox as POP3 has it: one session at a time, all its messages numbered from 1 and fixed for the session, and
 * one change at its end, all or none (RFC 1939 §3, §6). The lock is a row with a time to live that the process moves
 * on, so it holds between processes, and a crash frees it.
 */
import { randomUUID } from 'node:crypto';
import type { Database, Transaction } from '../db/database.ts';
import { MailError } from '../lib/mail-error.ts';
import type { Clock } from '../lib/time.ts';
import { requireFolder } from './folder-rows.ts';
import type { MailStore } from './mail-store.ts';
import { joinUids, readRows, removeMessages } from './message-rows.ts';
import { noteChange } from './notices.ts';
import { noFolder } from './store-error.ts';
import { storeFlags } from './store-flags.ts';

export interface MaildropMessage {
  readonly uid: number;
  /** As POP3 sends it: each line ended by CRLF, without the dots that are added on the wire. */
  readonly octets: number;
  readonly contentId: number;
}

export interface MaildropChanges {
  /** UIDs to remove for good. */
  readonly removed: readonly number[];
  /** UIDs that get \Seen. */
  readonly seen: readonly number[];
}

export interface Maildrop {
  readonly uidValidity: number;
  /** All of the inbox, oldest first, as it was when the maildrop was opened. */
  readonly messages: readonly MaildropMessage[];
  /**
   * The UPDATE state: all changes or none, and lets go of the lock. What others removed meanwhile counts as done.
   * @throws {MailError} `temporary` when the lock was lost to another session, or the store cannot write.
   */
  finish(changes: MaildropChanges): Promise<void>;
  /** Lets go of the lock and changes nothing. Never rejects: at the worst the lock's time runs out. */
  close(): Promise<void>;
}

export interface Maildrops {
  /** Undefined when another session has it. @throws {MailError} `permanent` when the mailbox is gone. */
  open(mailboxId: number): Promise<Maildrop | undefined>;
  /** The stored bytes. @throws {MailError} `temporary` when the message was removed for good meanwhile. */
  read(message: MaildropMessage): AsyncIterable<Uint8Array>;
}

export interface MaildropParts {
  readonly db: Database;
  readonly store: MailStore;
  readonly clock: Clock;
  /** Name of this node: locks that an earlier process of it left are taken back at the first use. */
  readonly node?: string;
  /** How long a lock outlives its process, milliseconds; 30 seconds unless told. */
  readonly leaseMs?: number;
}

/** One for a process: it renews all its locks together. */
export function createMaildrops(parts: MaildropParts): Maildrops {
  const locks = new Locks(parts);
  const { db, store } = parts;
  return {
    open: async (mailboxId) => {
      const lock = await locks.take(mailboxId);
      if (lock === undefined) return undefined;
      try {
        const folder = await store.findFolder(mailboxId, 'INBOX');
        if (folder === undefined) throw noFolder();
        const messages = await readMessages(db, folder.id);
        return {
          uidValidity: folder.uidValidity,
          messages,
          finish: (changes) => locks.end(lock, (tx) => applyChanges(tx, folder.id, changes)),
          close: () => locks.release(lock),
        };
      } catch (error) {
        await locks.release(lock);
        throw error;
      }
    },
    read: (message) => store.read(message.contentId),
  };
}

function readMessages(db: Database, folderId: number): Promise<MaildropMessage[]> {
  return db.read((tx) =>
    tx.all<MaildropMessage & { uid: number }>(
      `SELECT m.uid, m.size + c.line_end_octets AS octets, m.content_id AS "contentId"
         FROM message m JOIN content c ON c.id = m.content_id WHERE m.folder_id = ? ORDER BY m.uid`,
      folderId,
    ),
  );
}

async function applyChanges(
  tx: Transaction,
  folderId: number,
  { removed, seen }: MaildropChanges,
): Promise<void> {
  if (seen.length > 0) {
    const folder = await requireFolder(tx, folderId);
    await storeFlags(tx, folder, joinUids(seen), { operation: 'add', flags: ['\\Seen'] });
  }
  if (removed.length === 0) return;
  const folder = await requireFolder(tx, folderId);
  const rows = await readRows(tx, folderId, joinUids(removed));
  await removeMessages(tx, folder, rows, { keepContents: false });
  if (rows.length > 0) noteChange(tx, folder.mailbox_id, folderId);
}

interface Lock {
  readonly mailboxId: number;
  /** Tells this session's lock from a later one of the same process. */
  readonly session: number;
}

const defaultLeaseMs = 30_000;
const ours = 'mailbox_id = ? AND process = ? AND session = ?';

class Locks {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #node: string;
  readonly #process: string;
  readonly #held = new Set<Lock>();
  #serial = 0;
  #inherited: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor({ db, clock, node = randomUUID(), leaseMs = defaultLeaseMs }: MaildropParts) {
    this.#db = db;
    this.#clock = clock;
    this.#leaseMs = leaseMs;
    this.#node = node;
    this.#process = `${node}:${randomUUID()}`;
  }

  async take(mailboxId: number): Promise<Lock | undefined> {
    this.#inherited ??= this.#clearInherited();
    await this.#inherited;
    this.#serial += 1;
    const lock = { mailboxId, session: this.#serial };
    const now = this.#clock();
    // A time further ahead than any lease was written before the clock was set back.
    const { changes } = await this.#db.transact((tx) =>
      tx.run(
        `INSERT INTO maildrop_lock (mailbox_id, process, session, until) VALUES (?, ?, ?, ?)
           ON CONFLICT (mailbox_id) DO UPDATE
             SET process = excluded.process, session = excluded.session, until = excluded.until
           WHERE maildrop_lock.until <= ? OR maildrop_lock.until > ?`,
        mailboxId,
        this.#process,
        lock.session,
        now + this.#leaseMs,
        now,
        now + 2 * this.#leaseMs,
      ),
    );
    if (changes === 0) return undefined;
    this.#held.add(lock);
    this.#timer ??= setInterval(() => void this.#renew(), this.#leaseMs / 3).unref();
    return lock;
  }

  /** A node is one process: what another one of its name holds, a crash has left. */
  async #clearInherited(): Promise<void> {
    try {
      await this.#db.transact((tx) =>
        tx.run(
          'DELETE FROM maildrop_lock WHERE process >= ? AND process < ? AND process <> ?',
          `${this.#node}:`,
          `${this.#node};`,
          this.#process,
        ),
      );
    } catch (error) {
      this.#inherited = undefined;
      throw error;
    }
  }

  /** Does `work` and lets go of the lock in one transaction, if the lock is still this session's. */
  async end(lock: Lock, work: (tx: Transaction) => Promise<void>): Promise<void> {
    await this.#db.transact(async (tx) => {
      const { changes } = await tx.run(`DELETE FROM maildrop_lock WHERE ${ours}`, ...this.#keyOf(lock));
      if (changes === 0) throw lockLost();
      await work(tx);
    });
    this.#forget(lock);
  }

  async release(lock: Lock): Promise<void> {
    if (!this.#held.has(lock)) return;
    this.#forget(lock);
    try {
      await this.#db.transact((tx) =>
        tx.run(`DELETE FROM maildrop_lock WHERE ${ours}`, ...this.#keyOf(lock)),
      );
    } catch {
      // The store cannot write now: the lock's time runs out.
    }
  }

  #keyOf({ mailboxId, session }: Lock): [number, string, number] {
    return [mailboxId, this.#process, session];
  }

  #forget(lock: Lock): void {
    this.#held.delete(lock);
    if (this.#held.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #renew(): Promise<void> {
    try {
      await this.#db.transact((tx) =>
        tx.run(
          'UPDATE maildrop_lock SET until = ? WHERE process = ?',
          this.#clock() + this.#leaseMs,
          this.#process,
        ),
      );
    } catch {
      // Tried again at the next turn; who lost the lock meanwhile hears it at the end.
    }
  }
}

function lockLost(): MailError {
  const text = 'The mailbox was opened by another session meanwhile, so nothing was deleted; try again';
  return new MailError('temporary', text, { code: 451, enhanced: '4.3.0' });
}
