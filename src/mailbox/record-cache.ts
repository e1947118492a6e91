/**
 * Records of folders that are read as a whole, kept in memory: lists, searches and sorting ask for all of them again
 * and again. What is kept is true at one modseq of the folder; each reading looks whether the folder still is there,
 * and asks only for what changed since. So an answer is what the rows say at that moment, whoever changed them.
 */
import type { Database, ReadTransaction } from '../db/database.ts';
import { readChanges } from './changes.ts';
import { type FolderRow, requireFolder } from './folder-rows.ts';
import type { FolderChanges, MessageRecord, UidRanges } from './mail-store.ts';
import { readPages, readRows, tidyRanges, toRecord } from './message-rows.ts';

/** All messages of a folder, ascending. Never changed: a newer state is another object. */
interface HeldFolder {
  readonly modseq: number;
  readonly records: readonly MessageRecord[];
}

/** Some 130 bytes each. */
const mostRecords = 250_000;
/** What a folder costs beside its messages, in messages. */
const folderCost = 20;

const everything: UidRanges = [[1, Number.POSITIVE_INFINITY]];

export class RecordCache {
  readonly #db: Database;
  readonly #most: number;
  /** The one that was not used for longest comes first. */
  readonly #folders = new Map<number, HeldFolder>();
  #cost = 0;

  constructor(db: Database, most: number = mostRecords) {
    this.#db = db;
    this.#most = most;
  }

  /** The messages of the ranges as they are now, ascending. @throws {StoreError} `nonexistent` */
  read(folderId: number, uids: UidRanges): Promise<readonly MessageRecord[]> {
    return this.#read(folderId, uids, isMost);
  }

  /** Keeps the folder, if there is room: what follows reads most of it in pieces. @throws {StoreError} `nonexistent` */
  async keep(folderId: number): Promise<void> {
    await this.#read(folderId, [], () => true);
  }

  async #read(
    folderId: number,
    uids: UidRanges,
    isWorth: (folder: FolderRow, uids: UidRanges) => boolean,
  ): Promise<readonly MessageRecord[]> {
    const before = this.#folders.get(folderId);
    try {
      const { now, records } = await this.#db.read(async (tx) => {
        const folder = await requireFolder(tx, folderId);
        const fits = folder.messages + folderCost <= this.#most;
        const worth = fits && (before !== undefined || isWorth(folder, uids));
        const now = worth ? await bringUpToDate(tx, folder, before) : undefined;
        const records = now === undefined ? (await readRows(tx, folderId, uids)).map(toRecord) : [];
        return { now, records };
      });
      // Not before the reading is over: only then is what it saw certain to last.
      if (now === undefined) this.#forget(folderId);
      else this.#hold(folderId, now);
      return now === undefined ? records : cut(now.records, uids);
    } catch (error) {
      this.#forget(folderId);
      throw error;
    }
  }

  #hold(folderId: number, folder: HeldFolder): void {
    const other = this.#folders.get(folderId);
    const newest = other !== undefined && other.modseq > folder.modseq ? other : folder;
    this.#forget(folderId);
    this.#folders.set(folderId, newest);
    this.#cost += costOf(newest);
    for (const [oldest] of this.#folders) {
      if (this.#cost <= this.#most) break;
      this.#forget(oldest);
    }
  }

  #forget(folderId: number): void {
    const held = this.#folders.get(folderId);
    if (held === undefined) return;
    this.#folders.delete(folderId);
    this.#cost -= costOf(held);
  }
}

const costOf = ({ records }: HeldFolder): number => records.length + folderCost;

/** Half of the folder or more. */
function isMost(folder: FolderRow, uids: UidRanges): boolean {
  let wanted = 0;
  for (const [first, last] of tidyRanges(uids)) {
    wanted += Math.max(Math.min(last, folder.uid_next - 1) - first + 1, 0);
  }
  return wanted > 0 && wanted * 2 >= folder.messages;
}

async function bringUpToDate(
  tx: ReadTransaction,
  folder: FolderRow,
  held: HeldFolder | undefined,
): Promise<HeldFolder> {
  const modseq = folder.highest_modseq;
  if (held?.modseq === modseq) return held;
  if (held !== undefined && held.modseq < modseq) {
    return { modseq, records: merge(held.records, await readChanges(tx, folder.id, held.modseq)) };
  }
  const records: MessageRecord[] = [];
  for await (const page of readPages(tx, folder.id, everything)) {
    for (const row of page) records.push(toRecord(row));
  }
  return { modseq, records };
}

/** Both ascending. */
function merge(records: readonly MessageRecord[], { changed, vanished }: FolderChanges): MessageRecord[] {
  const gone = new Set(vanished);
  const merged: MessageRecord[] = [];
  let at = 0;
  for (const record of records) {
    for (; at < changed.length && (changed[at] as MessageRecord).uid < record.uid; at += 1) {
      merged.push(changed[at] as MessageRecord);
    }
    const news = changed[at];
    if (news?.uid === record.uid) {
      merged.push(news);
      at += 1;
    } else if (!gone.has(record.uid)) merged.push(record);
  }
  for (; at < changed.length; at += 1) merged.push(changed[at] as MessageRecord);
  return merged;
}

/** The records of the ranges. */
function cut(records: readonly MessageRecord[], uids: UidRanges): readonly MessageRecord[] {
  const pieces = tidyRanges(uids).map(([first, last]) =>
    records.slice(findPlace(records, first), findPlace(records, last + 1)),
  );
  return pieces.length === 1 ? (pieces[0] as MessageRecord[]) : pieces.flat();
}

/** How many records stand before the UID. */
function findPlace(records: readonly MessageRecord[], uid: number): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((records[middle] as MessageRecord).uid < uid) low = middle + 1;
    else high = middle;
  }
  return low;
}
