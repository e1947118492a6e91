/**
 * What one session knows of its selected folder, and what it must still be told. Other sessions change the
 * folder at any time; here each change waits until the protocol allows to announce it (RFC 3501 §5.2,
 * §7.4.1: no EXPUNGE while the client counts on sequence numbers). Holds ranges and numbers only: idle
 * sessions stay small.
 */
import { lowerAscii } from '../lib/bytes.ts';
import type {
  FolderChanges,
  FolderStatus,
  MailStore,
  MessageRecord,
  VisibleFolder,
} from '../mailbox/mail-store.ts';
import {
  countOf,
  emptyRanges,
  includes,
  intersect,
  type Ranges,
  rangesOf,
  subtract,
  unite,
} from './number-ranges.ts';
import { SequenceMap } from './sequence-map.ts';
import { applySequenceSet, type SequenceSet } from './wire/sequence-set.ts';
import { SyntaxProblem } from './wire/syntax.ts';

/** Changes to put on the wire, in this order. */
export interface Announcement {
  /** Removed messages: UIDs, and their sequence numbers from the highest down. */
  readonly vanished: Ranges;
  readonly expunged: readonly number[];
  /** The new number of messages, if it grew. */
  readonly exists: number | undefined;
  /** Messages whose flags changed, in UID order. */
  readonly changed: readonly MessageRecord[];
  /** New messages. */
  readonly added: Ranges;
  /** Those of them that this session did not put there itself. */
  readonly foreign: Ranges;
  /** Messages whose flags may have changed since the last time, by others or by this session. */
  readonly touched: ReadonlySet<number>;
}

export interface OpenedFolder {
  readonly folder: VisibleFolder;
  readonly status: FolderStatus;
  readonly uids: Ranges;
  readonly readOnly: boolean;
  /** First UID no session was told of before this one. */
  readonly firstRecent: number;
}

export class FolderView {
  #folder: VisibleFolder;
  readonly readOnly: boolean;
  /** Every change up to here is in the map or waits below. */
  #modseq: number;
  readonly #map: SequenceMap;
  #recent: Ranges;
  /** Removed by someone, still counted by the client. */
  #gone: Ranges = emptyRanges;
  /** The modseq before the oldest change that still waits in `#gone`. */
  #modseqBeforeGone: number | undefined;
  #changed = new Map<number, MessageRecord>();
  /** Modseqs this session learned from its own commands: no news when they come back as changes. */
  #told = new Map<number, number>();
  #announcedCount: number;
  /** See {@link Announcement.touched}. */
  #touched = new Set<number>();
  /** New messages of this session's own. */
  #own: Ranges = emptyRanges;
  /** Set while somebody asks for {@link Announcement.touched}: a large STORE would make it large. */
  tracksTouched = false;

  /** Flags the client was told can be there, in lower case; undefined until it was told of any. */
  #toldFlags: Map<string, string> | undefined;
  /** Flags of records looked at already. */
  #seenFlags = new WeakSet<readonly string[]>();

  constructor(opened: OpenedFolder) {
    this.#folder = opened.folder;
    this.readOnly = opened.readOnly;
    this.#modseq = opened.status.highestModseq;
    // What came after the status arrives as a change later.
    this.#map = new SequenceMap(intersect(opened.uids, [[1, opened.status.uidNext - 1]]));
    this.#recent = [[opened.firstRecent, Number.POSITIVE_INFINITY]];
    this.#announcedCount = this.#map.count;
    this.#recent = intersect(this.#recent, this.#map.uids);
  }

  get folder(): VisibleFolder {
    return this.#folder;
  }

  /** The same folder, with another name or other rights than before. */
  adopt(folder: VisibleFolder): void {
    this.#folder = folder;
  }

  /** Flags the client was told can be there. */
  get toldFlags(): readonly string[] {
    return [...(this.#toldFlags?.values() ?? [])];
  }

  /** Notes what the client is told of flags that can be there. */
  noteFlags(flags: readonly string[]): void {
    this.#toldFlags = new Map(flags.map((flag) => [lowerAscii(flag), flag]));
  }

  /** All flags that can be there, if these have some that the client was not told of; it then counts as told. */
  takeNewFlags(records: readonly MessageRecord[]): readonly string[] | undefined {
    const told = this.#toldFlags;
    if (told === undefined) return undefined;
    const before = told.size;
    for (const { flags } of records) {
      if (this.#seenFlags.has(flags)) continue;
      this.#seenFlags.add(flags);
      for (const flag of flags) if (!told.has(lowerAscii(flag))) told.set(lowerAscii(flag), flag);
    }
    return told.size === before ? undefined : [...told.values()];
  }

  /** Number of messages as the client counts them. */
  get count(): number {
    return this.#map.count;
  }

  get recentCount(): number {
    return countOf(intersect(this.#recent, this.#map.uids));
  }

  get uids(): Ranges {
    return this.#map.uids;
  }

  get lastUid(): number {
    return this.#map.lastUid;
  }

  /**
   * The modseq up to which the client will know everything once told what is not held back: HIGHESTMODSEQ
   * as it may be sent now (RFC 7162 §3.2).
   */
  get modseq(): number {
    return this.#modseqBeforeGone ?? this.#modseq;
  }

  /** The modseq up to which the client will know everything once told all that is known here. */
  get modseqWhenTold(): number {
    return this.#modseq;
  }

  /** True when messages are gone that the client still counts. */
  get hasGone(): boolean {
    return this.#gone.length > 0;
  }

  isRecent(uid: number): boolean {
    return includes(this.#recent, uid);
  }

  sequenceOf(uid: number): number | undefined {
    return this.#map.sequenceOf(uid);
  }

  uidAt(sequence: number): number | undefined {
    return this.#map.uidAt(sequence);
  }

  /** Numbers beyond the last message are ignored. */
  uidsAt(sequences: Ranges): Ranges {
    return this.#map.uidsAt(sequences);
  }

  sequencesOf(uids: Ranges): Ranges {
    return this.#map.sequencesOf(uids);
  }

  /** True when one of these messages was removed by someone and is not announced yet. */
  isGone(uids: Ranges): boolean {
    return intersect(uids, this.#gone).length > 0;
  }

  /**
   * The UIDs a message set names in this view, expunged but unannounced ones included.
   * @param byUid the set holds UIDs, not sequence numbers
   * @throws {SyntaxProblem} for a sequence number beyond the last message (RFC 9051 §9 seq-number)
   */
  resolve(set: SequenceSet & { kind: 'numbers' }, byUid: boolean): Ranges {
    if (byUid) return intersect(applySequenceSet(set, this.lastUid), this.#map.uids);
    if (set.largest > this.count) {
      throw new SyntaxProblem(`The folder has ${this.count} messages, there is no message ${set.largest}`);
    }
    return this.#map.uidsAt(applySequenceSet(set, this.count));
  }

  /** True when the client was told all of this message up to that modseq, so that it knows the flags it had then. */
  knowsAt(uid: number, modseq: number): boolean {
    if (this.#changed.has(uid)) return false;
    return modseq <= this.#modseq || this.#told.get(uid) === modseq;
  }

  /** Notes messages that this session has put into the folder. */
  noteOwn(uids: readonly number[]): void {
    this.#own = unite(this.#own, rangesOf(uids));
  }

  /** Notes what this session was or is about to be told by a response of its own. */
  noteTold(records: readonly MessageRecord[]): void {
    for (const record of records) {
      this.#told.set(record.uid, record.modseq);
      this.#changed.delete(record.uid);
      if (this.tracksTouched) this.#touched.add(record.uid);
    }
  }

  /** Brings in what happened since the last time. The store is asked once. */
  async refresh(store: MailStore): Promise<void> {
    const changes = await store.changesSince(this.folder.id, this.#modseq);
    if (changes.highestModseq <= this.#modseq) return;
    const before = this.#modseq;
    const added = this.#apply(changes);
    if (this.#gone.length > 0) this.#modseqBeforeGone ??= before;
    if (added === undefined) return;
    const firstRecent = await store.firstRecent(this.folder.id, !this.readOnly);
    this.#recent = unite(this.#recent, intersect(added, [[firstRecent, Number.POSITIVE_INFINITY]]));
  }

  /** The UIDs that are new, if any. */
  #apply(changes: FolderChanges): Ranges | undefined {
    this.#modseq = changes.highestModseq;
    const vanished = intersect(rangesOf(changes.vanished), this.#map.uids);
    // What came and went before the client was told of it: there is nothing to tell.
    const untold = this.#map.uidsAt([[this.#announcedCount + 1, this.count]]);
    this.#map.remove(intersect(vanished, untold));
    this.#gone = unite(this.#gone, subtract(vanished, untold));
    const lastUid = this.#map.lastUid;
    const added: number[] = [];
    for (const record of changes.changed) {
      if (record.uid > lastUid) added.push(record.uid);
      else if (this.#isNews(record)) this.#changed.set(record.uid, record);
    }
    for (const uid of changes.vanished) this.#changed.delete(uid);
    this.#told.clear();
    if (added.length === 0) return undefined;
    const ranges = rangesOf(added);
    this.#map.append(ranges);
    return ranges;
  }

  #isNews(record: MessageRecord): boolean {
    if (!this.#map.has(record.uid)) return false;
    const told = this.#told.get(record.uid);
    return told === undefined || told < record.modseq;
  }

  /**
   * What the client is to be told now; it then counts as told.
   * @param expunges whether removed messages may be announced
   */
  takeAnnouncement(expunges: boolean): Announcement {
    const vanished = expunges ? this.#gone : emptyRanges;
    const expunged = this.#forget(vanished);
    const told = this.#announcedCount - expunged.length;
    const exists = this.count > told ? this.count : undefined;
    const added = exists === undefined ? emptyRanges : this.#map.uidsAt([[told + 1, exists]]);
    const foreign = subtract(added, this.#own);
    if (added.length > 0) this.#own = emptyRanges;
    this.#announcedCount = this.count;
    const changed = [...this.#changed.values()].sort((a, b) => a.uid - b.uid);
    const touched = new Set([...this.#touched, ...changed.map(({ uid }) => uid)]);
    this.#changed = new Map();
    this.#touched = new Set();
    return { vanished, expunged, exists, changed, added, foreign, touched };
  }

  #forget(uids: Ranges): number[] {
    if (uids.length === 0) return [];
    const removed = this.#map.remove(uids);
    this.#gone = subtract(this.#gone, uids);
    if (this.#gone.length === 0) this.#modseqBeforeGone = undefined;
    this.#recent = subtract(this.#recent, uids);
    return removed;
  }
}
