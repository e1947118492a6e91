/** FETCH and UID FETCH (RFC 3501 §6.4.5) with CHANGEDSINCE and VANISHED (RFC 7162). */
import type { MessageRecord } from '../../mailbox/mail-store.ts';
import { tellNewFlags } from '../announce.ts';
import { type Completion, type PlainCommand, selected } from '../command.ts';
import { becomeCondstoreAware } from '../condstore.ts';
import { hasFlag } from '../flags.ts';
import { FetchWriter } from '../message/fetch-writer.ts';
import { findWordItem } from '../message/word-items.ts';
import { resolveSet } from '../message-sets.ts';
import { countOf, includes, type Ranges, rangesOf, valuesOf } from '../number-ranges.ts';
import { requireQresync, tellVanished } from '../qresync.ts';
import { loadWindows } from '../record-windows.ts';
import type { Session } from '../session.ts';
import type { Arguments } from '../wire/arguments.ts';
import { type FetchRequest, readFetchItems } from '../wire/fetch-items.ts';
import { type PartialRange, readPartialRange, slicePartial } from '../wire/return-options.ts';
import type { SequenceSet } from '../wire/sequence-set.ts';
import { SyntaxProblem } from '../wire/syntax.ts';

interface FetchCommand {
  readonly set: SequenceSet;
  readonly items: readonly FetchRequest[];
  readonly byUid: boolean;
  readonly changedSince: number | undefined;
  /** Also what vanished since. */
  readonly vanished: boolean;
  /** Only these of the messages named (RFC 9394). */
  readonly partial: PartialRange | undefined;
}

type Modifiers = Pick<FetchCommand, 'changedSince' | 'vanished' | 'partial'>;

/** Records asked of the store at a time: many when they are all there is to it, few when bodies follow. */
const windowSizes = { records: 1000, structures: 200, bodies: 50 };

function readModifiers(args: Arguments): Modifiers {
  let changedSince: number | undefined;
  let vanished = false;
  let partial: PartialRange | undefined;
  if (!args.tryText(' ')) return { changedSince, vanished, partial };
  args.list(() => {
    const name = args.keyword();
    if (name === 'VANISHED') vanished = true;
    else if (name === 'PARTIAL') {
      args.space();
      partial = readPartialRange(args);
    } else if (name === 'CHANGEDSINCE') {
      args.space();
      changedSince = args.number();
    } else throw new SyntaxProblem(`There is no FETCH modifier ${name}`);
  });
  return { changedSince, vanished, partial };
}

function readFetch(args: Arguments, session: Session, byUid: boolean): FetchCommand {
  args.space();
  const set = args.sequenceSet();
  args.space();
  const items = readFetchItems(args);
  const modifiers = readModifiers(args);
  args.end();
  for (const item of items) if (item.kind === 'word') findWordItem(item.name);
  // RFC 7162 §3.2.6
  if (modifiers.vanished && (!byUid || modifiers.changedSince === undefined)) {
    throw new SyntaxProblem('VANISHED is for UID FETCH with CHANGEDSINCE');
  }
  if (modifiers.partial !== undefined && !byUid) throw new SyntaxProblem('PARTIAL is for UID FETCH');
  return {
    set,
    items: completeItems(items, {
      withUid: byUid && !session.has('UIDONLY'),
      withModseq: modifiers.changedSince !== undefined,
    }),
    byUid,
    ...modifiers,
  };
}

/** UID FETCH always tells the UID, unless the response has it already; CHANGEDSINCE always the modseq. */
function completeItems(
  items: FetchRequest[],
  { withUid, withModseq }: { withUid: boolean; withModseq: boolean },
): FetchRequest[] {
  const named = (name: string) => items.some((item) => item.kind === 'word' && item.name === name);
  const added = [...(withUid ? ['UID'] : []), ...(withModseq ? ['MODSEQ'] : [])].filter(
    (name) => !named(name),
  );
  return [...added.map((name) => ({ kind: 'word', name }) as const), ...items];
}

const setsSeen = (item: FetchRequest) => (item.kind === 'section' || item.kind === 'binary') && !item.peek;

function chooseWindow(items: readonly FetchRequest[]): number {
  if (items.some(setsSeen)) return windowSizes.bodies;
  const deep = items.some((item) => item.kind !== 'word' || findWordItem(item.name).needsStructure);
  return deep ? windowSizes.structures : windowSizes.records;
}

/** The records to answer about, window by window. */
async function* loadRecords(
  session: Session,
  uids: Ranges,
  { items, changedSince }: FetchCommand,
): AsyncGenerator<readonly MessageRecord[]> {
  const { view, store } = session;
  let wanted = uids;
  if (changedSince !== undefined) {
    const { changed } = await store.changesSince(view.folder.id, changedSince);
    wanted = rangesOf(changed.filter(({ uid }) => includes(uids, uid)).map(({ uid }) => uid));
  }
  yield* loadWindows(session, wanted, chooseWindow(items));
}

/** Sets \Seen where a body is fetched; the UIDs whose flags that changed (RFC 3501 §6.4.5 BODY[]). */
async function markSeen(
  session: Session,
  records: readonly MessageRecord[],
): Promise<{ records: readonly MessageRecord[]; marked: ReadonlySet<number> }> {
  const { view, store } = session;
  const unseen = records.filter((record) => !hasFlag(record.flags, '\\Seen')).map(({ uid }) => uid);
  if (view.readOnly || !view.folder.rights.includes('s') || unseen.length === 0)
    return { records, marked: new Set() };
  const change = { operation: 'add', flags: ['\\Seen'] } as const;
  const { updated } = await store.storeFlags(view.folder.id, rangesOf(unseen), change);
  view.noteTold(updated);
  const fresh = new Map(updated.map((record) => [record.uid, record]));
  return { records: records.map((record) => fresh.get(record.uid) ?? record), marked: new Set(fresh.keys()) };
}

async function fetch(session: Session, command: FetchCommand): Promise<Completion> {
  const { items, byUid } = command;
  for (const item of items) if (item.kind === 'word') findWordItem(item.name).onAsk?.(session);
  if (command.vanished) requireQresync(session);
  if (command.changedSince !== undefined) becomeCondstoreAware(session);
  const named = resolveSet(session, command.set, byUid);
  const uids =
    command.partial === undefined ? named : rangesOf(slicePartial([...valuesOf(named)], command.partial));
  const writer = new FetchWriter(session, items);
  if (command.vanished) await tellVanished(session, command.set, command.changedSince ?? 0);
  let found = 0;
  for await (const window of loadRecords(session, uids, command)) {
    found += window.length;
    const { records, marked } = items.some(setsSeen)
      ? await markSeen(session, window)
      : { records: window, marked: new Set<number>() };
    await writer.prepare(records);
    if (items.some((item) => item.kind === 'word' && item.name === 'FLAGS')) tellNewFlags(session, records);
    for (const record of records) {
      const pending = writer.write(record, marked.has(record.uid));
      if (pending !== undefined) await pending;
    }
  }
  writer.throwFailure();
  const missing = !byUid && command.changedSince === undefined && found < countOf(uids);
  if (missing) return { status: 'NO', code: 'EXPUNGEISSUED', text: 'Some messages are gone; send NOOP' };
  return { text: 'Fetched' };
}

export const fetchCommand: PlainCommand = {
  name: 'FETCH',
  states: selected,
  announcing: 'no-expunge',
  read: (args, session) => {
    const command = readFetch(args, session, false);
    return () => fetch(session, command);
  },
};

export const uidFetch: PlainCommand = {
  name: 'UID FETCH',
  states: selected,
  announcing: 'all',
  read: (args, session) => {
    const command = readFetch(args, session, true);
    return () => fetch(session, command);
  },
};
