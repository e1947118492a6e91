/**
 * Changing flags of many messages by few statements: messages of a page that have the same flags become the same
 * flags, so each such group is one UPDATE. What does not change keeps its modseq (RFC 7162 §3.1).
 */
import type { Transaction } from '../db/database.ts';
import { mergeFlags } from './flag-rights.ts';
import {
  changeFlags,
  deletedBit,
  type FlagSet,
  joinKeywords,
  parseFlags,
  seenBit,
  splitKeywords,
} from './flags.ts';
import { advanceFolder, type FolderRow } from './folder-rows.ts';
import { noteKeywords } from './keywords.ts';
import type { FlagChange, FlagRights, MarkedRecord, UidRanges } from './mail-store.ts';
import { type MessageRow, readPages, readRows, toRecord } from './message-rows.ts';
import { noteChange } from './notices.ts';

export interface FlagOutcome {
  /** The messages as they are then, without those left alone. */
  readonly updated: readonly MarkedRecord[];
  readonly unchanged: readonly number[];
}

/** Runs STORE on `folder`, read in this transaction. */
export async function storeFlags(
  tx: Transaction,
  folder: FolderRow,
  uids: UidRanges,
  change: FlagChange,
): Promise<FlagOutcome> {
  const run = new FlagRun(tx, folder, change);
  const unchanged: number[] = [];
  const modseqs = new Map<number, number>();
  const limit = change.unchangedSince;
  for await (const page of readPages(tx, folder.id, uids)) {
    const touched = limit === undefined ? page : page.filter((row) => row.modseq <= limit);
    for (const row of page) if (limit !== undefined && row.modseq > limit) unchanged.push(row.uid);
    for (const row of touched) modseqs.set(row.uid, row.modseq);
    await run.changePage(touched);
  }
  await run.finish();
  const updated = (await readRows(tx, folder.id, uids)).flatMap((row): MarkedRecord[] => {
    const modseqBefore = modseqs.get(row.uid);
    return modseqBefore === undefined ? [] : [{ ...toRecord(row), modseqBefore }];
  });
  return { updated, unchanged };
}

/** Messages of one page with the same flags. */
interface Group {
  readonly before: MessageRow;
  readonly after: FlagSet;
  readonly uids: number[];
}

class FlagRun {
  readonly #tx: Transaction;
  readonly #folder: FolderRow;
  readonly #operation: FlagChange['operation'];
  readonly #named: FlagSet;
  readonly #may: FlagRights | undefined;
  readonly #modseq: number;
  #changed = 0;
  #unseen = 0;
  #deleted = 0;

  constructor(tx: Transaction, folder: FolderRow, change: FlagChange) {
    this.#tx = tx;
    this.#folder = folder;
    this.#operation = change.operation;
    this.#named = parseFlags(change.flags);
    this.#may = change.may;
    this.#modseq = folder.highest_modseq + 1;
  }

  async changePage(rows: readonly MessageRow[]): Promise<void> {
    const groups = new Map<string, Group>();
    for (const row of rows) {
      const key = `${row.flags} ${row.keywords}`;
      const group = groups.get(key);
      if (group !== undefined) group.uids.push(row.uid);
      else groups.set(key, { before: row, after: this.#target(row), uids: [row.uid] });
    }
    for (const group of groups.values()) await this.#changeGroup(group);
  }

  /** Writes modseq and counters if anything changed. */
  async finish(): Promise<void> {
    if (this.#changed === 0) return;
    const { id, uid_next, mailbox_id } = this.#folder;
    if (this.#operation !== 'remove' && this.#may?.others !== false)
      await noteKeywords(this.#tx, id, this.#named.keywords);
    await advanceFolder(this.#tx, id, {
      modseq: this.#modseq,
      uidNext: uid_next,
      delta: { messages: 0, unseen: this.#unseen, deleted: this.#deleted, recent: 0, size: 0 },
    });
    noteChange(this.#tx, mailbox_id, id);
  }

  #target(row: MessageRow): FlagSet {
    const current = { bits: row.flags, keywords: splitKeywords(row.keywords) };
    return mergeFlags(current, changeFlags(current, this.#operation, this.#named), this.#may);
  }

  async #changeGroup({ before, after, uids }: Group): Promise<void> {
    const keywords = joinKeywords(after.keywords);
    if (after.bits === before.flags && keywords === before.keywords) return;
    const sql = (places: number) => `UPDATE message SET flags = ?, keywords = ?, modseq = ?
      WHERE folder_id = ? AND uid IN (${'?, '.repeat(places - 1)}?)`;
    for (const few of chunk(uids)) {
      await this.#tx.run(sql(few.length), after.bits, keywords, this.#modseq, this.#folder.id, ...few);
    }
    const change = (bit: number) => Math.sign((after.bits & bit) - (before.flags & bit)) * uids.length;
    this.#unseen -= change(seenBit);
    this.#deleted += change(deletedBit);
    this.#changed += uids.length;
  }
}

/** Pieces of a few fixed lengths, so that there are few different statements to prepare. */
function chunk(uids: readonly number[]): number[][] {
  const pieces: number[][] = [];
  for (let start = 0; start < uids.length; ) {
    const left = uids.length - start;
    const length = left >= 500 ? 500 : left >= 50 ? 50 : 1;
    pieces.push(uids.slice(start, start + length));
    start += length;
  }
  return pieces;
}
