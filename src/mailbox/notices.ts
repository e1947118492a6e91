/** Change notices of mailboxes over the rows' topic: in process here, to other nodes where the store can. */
import type { Database, Transaction } from '../db/database.ts';
import type { ChangedAnnotation, ChangeNotice } from './mail-store.ts';

const topic = 'mailbox';

/** Tells the mailbox's watchers after the commit; without a folder: its list of folders. */
export function noteChange(tx: Transaction, mailboxId: number, folderId?: number): void {
  tx.notify(topic, folderId === undefined ? `${mailboxId}` : `${mailboxId} ${folderId}`);
}

/** Tells that an annotation of the folder, or of the server, was set or removed; with a login it is private to that one. */
export function noteAnnotation(
  tx: Transaction,
  place: { readonly mailboxId: number; readonly folderId: number | undefined },
  { entry, loginId }: ChangedAnnotation,
): void {
  tx.notify(topic, `${place.mailboxId} ${place.folderId ?? '-'} ${loginId ?? '-'} ${entry}`);
}

type Listener = (notice: ChangeNotice) => void;

const numberOf = (digits: string | undefined) =>
  digits === undefined || digits === '-' ? undefined : Number(digits);

/** Who watches which mailbox in this process. Listens to the rows only while somebody watches. */
export class Watchers {
  readonly #db: Database;
  readonly #listeners = new Map<number, Set<Listener>>();
  #stopListening: (() => void) | undefined;

  constructor(db: Database) {
    this.#db = db;
  }

  watch(mailboxId: number, listener: Listener): () => void {
    const own: Listener = (notice) => listener(notice);
    const listeners = this.#listeners.get(mailboxId) ?? new Set();
    listeners.add(own);
    this.#listeners.set(mailboxId, listeners);
    this.#stopListening ??= this.#db.listen(topic, (payload) => this.#hear(payload));
    return () => this.#remove(mailboxId, own);
  }

  #remove(mailboxId: number, listener: Listener): void {
    const listeners = this.#listeners.get(mailboxId);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#listeners.delete(mailboxId);
    if (this.#listeners.size > 0) return;
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  #hear(payload: string | undefined): void {
    if (payload === undefined) {
      for (const mailboxId of [...this.#listeners.keys()]) this.#tell({ mailboxId, folderId: undefined });
      return;
    }
    const [, mailboxId, folderId, loginId, entry] =
      /^(\d+)(?: (\d+|-))?(?: (\d+|-) (.+))?$/s.exec(payload) ?? [];
    if (mailboxId === undefined) return;
    const place = { mailboxId: Number(mailboxId), folderId: numberOf(folderId) };
    if (entry === undefined) this.#tell(place);
    else this.#tell({ ...place, annotation: { entry, loginId: numberOf(loginId) } });
  }

  #tell(notice: ChangeNotice): void {
    for (const listener of [...(this.#listeners.get(notice.mailboxId) ?? [])]) listener(notice);
  }
}
