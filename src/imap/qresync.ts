/** Quick resynchronization (RFC 7162 §3.2): telling a client that was away what it missed. */
import type { FolderChanges } from '../mailbox/mail-store.ts';
import { announceFlags } from './announce.ts';
import {
  countOf,
  formatRanges,
  intersect,
  type Range,
  type Ranges,
  rangesOf,
  subtract,
  valuesOf,
} from './number-ranges.ts';
import type { Session } from './session.ts';
import type { Arguments } from './wire/arguments.ts';
import { applySequenceSet, type SequenceSet } from './wire/sequence-set.ts';
import { SyntaxProblem } from './wire/syntax.ts';

/** What the client remembers of a folder. */
export interface KnownState {
  readonly uidValidity: number;
  readonly modseq: number;
  /** UIDs it has; undefined: all up to now. */
  readonly uids: Ranges | undefined;
  /** A sample of its sequence numbers with their UIDs, in ascending order. */
  readonly sample: readonly (readonly [sequence: number, uid: number])[];
}

const mostSamples = 10_000;

/** @throws {SyntaxProblem} unless the client has enabled QRESYNC (RFC 7162 §3.2.3). */
export function requireQresync(session: Session): void {
  if (!session.has('QRESYNC')) throw new SyntaxProblem('QRESYNC must be enabled first, with ENABLE QRESYNC');
}

/** `(uidvalidity modseq [known-uids] [(sequences uids)])`. @throws {SyntaxProblem} */
export function readKnownState(args: Arguments): KnownState {
  args.text('(');
  const uidValidity = args.nzNumber();
  args.space();
  const modseq = args.number();
  let uids: Ranges | undefined;
  let sample: [number, number][] = [];
  while (args.tryText(' ')) {
    if (args.peek() === '(') sample = readSample(args);
    else uids = readKnownSet(args);
  }
  args.text(')');
  return { uidValidity, modseq, uids, sample };
}

/** A set without `*`. */
function readKnownSet(args: Arguments): Ranges {
  const set = args.sequenceSet();
  if (set.kind !== 'numbers' || set.toLast.length > 0)
    throw new SyntaxProblem('Known messages are named by number');
  return set.ranges;
}

function readSample(args: Arguments): [number, number][] {
  args.text('(');
  const sequences = readKnownSet(args);
  args.space();
  const uids = readKnownSet(args);
  args.text(')');
  if (countOf(sequences) !== countOf(uids) || countOf(uids) > mostSamples) {
    throw new SyntaxProblem(`As many sequence numbers as UIDs are expected, ${mostSamples} at most`);
  }
  const uidOf = [...valuesOf(uids)];
  return [...valuesOf(sequences)].map((sequence, index) => [sequence, uidOf[index] as number]);
}

/**
 * After SELECT: what vanished and what changed between the client's state and the moment the folder was opened at.
 * Nothing newer: who hears of a modseq must have been told of everything up to it. With another UIDVALIDITY nothing it
 * knows is true any more, and nothing is told (RFC 7162 §3.2.5).
 */
export async function tellMissed(
  session: Session,
  known: KnownState,
  { changed, vanished }: FolderChanges,
): Promise<void> {
  if (known.uidValidity !== session.view.folder.uidValidity) return;
  const wanted = known.uids ?? [[1, Number.POSITIVE_INFINITY] as Range];
  const unknown: Ranges = [[highestAgreed(session, known) + 1, Number.POSITIVE_INFINITY]];
  writeVanishedEarlier(session, intersect(intersect(rangesOf(vanished), wanted), unknown));
  const told = new Set(valuesOf(intersect(rangesOf(changed.map(({ uid }) => uid)), wanted)));
  for (const record of changed) {
    if (told.has(record.uid)) announceFlags(session, record);
    if (session.out.full) await session.out.drained();
  }
}

/** Up to this UID client and server agree on what is there, so nothing below vanished unseen (§3.2.5.2). */
function highestAgreed({ view }: Session, { sample }: KnownState): number {
  let agreed = 0;
  for (const [sequence, uid] of sample) if (view.uidAt(sequence) === uid) agreed = uid;
  return agreed;
}

/** Before the answers of UID FETCH (CHANGEDSINCE n VANISHED): what of the set vanished since. */
export async function tellVanished(session: Session, set: SequenceSet, modseq: number): Promise<void> {
  const { view, store } = session;
  const { vanished } = await store.changesSince(view.folder.id, modseq);
  const wanted = set.kind === 'saved' ? session.savedSearch : applySequenceSet(set, view.lastUid);
  writeVanishedEarlier(session, intersect(rangesOf(vanished), wanted));
}

/** What the client still counts is announced as gone at the end of the command, not as gone long ago. */
function writeVanishedEarlier(session: Session, vanished: Ranges): void {
  const earlier = subtract(vanished, session.view.uids);
  if (earlier.length > 0) session.untagged(`VANISHED (EARLIER) ${formatRanges(earlier)}`);
}
