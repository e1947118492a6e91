/** COPY (RFC 3501 §6.4.7) and MOVE (RFC 6851), with COPYUID (RFC 4315 §3). */
import type { FlagRights, UidMapping, VisibleFolder } from '../../mailbox/mail-store.ts';
import { flagRightsOf } from '../../mailbox/rights.ts';
import { refreshView } from '../announce.ts';
import { type Action, type Completion, type PlainCommand, selected } from '../command.ts';
import { findTarget, readMailbox } from '../folders.ts';
import { resolveSet } from '../message-sets.ts';
import { formatRanges, type Ranges } from '../number-ranges.ts';
import { withProgress } from '../progress.ts';
import { Refusal } from '../refusal.ts';
import type { Session } from '../session.ts';
import type { Arguments } from '../wire/arguments.ts';

interface Transfer {
  readonly uids: Ranges;
  readonly target: string;
  readonly tag: string;
}

/** Undefined when no message was there any more. */
function copyUid({ uidValidity, pairs }: UidMapping): string | undefined {
  if (pairs.length === 0) return undefined;
  // The n-th number of one set belongs to the n-th of the other, so neither may be sorted anew.
  const [from, to] = [0, 1].map((side) => formatRanges(runsOf(pairs.map((pair) => pair[side] as number))));
  return `COPYUID ${uidValidity} ${from} ${to}`;
}

/** Ranges of a list in its own order. */
function runsOf(values: readonly number[]): Ranges {
  const runs: [number, number][] = [];
  for (const value of values) {
    const run = runs.at(-1);
    if (run !== undefined && value === run[1] + 1) run[1] = value;
    else runs.push([value, value]);
  }
  return runs;
}

/** Flags that the rights to the target do not cover are lost (RFC 4314 §4). */
function mayKeep({ rights }: VisibleFolder): FlagRights | undefined {
  const may = flagRightsOf(rights);
  return may.seen && may.deleted && may.others ? undefined : may;
}

async function copy(session: Session, { uids, target, tag }: Transfer): Promise<Completion> {
  const folder = await findTarget(session, target);
  if (uids.length === 0) return { text: 'No messages to copy' };
  // One transaction: how far it is nobody can say.
  const mapping = await withProgress(session, tag, () =>
    session.store.copy(session.view.folder.id, uids, folder.id, mayKeep(folder)),
  );
  const uidsThere = mapping.pairs.map(([, to]) => to);
  session.noteOwnMessages(folder.id, uidsThere);
  if (folder.id === session.view.folder.id) session.view.noteOwn(uidsThere);
  return { code: copyUid(mapping), text: 'Copied' };
}

async function move(session: Session, { uids, target, tag }: Transfer): Promise<Completion> {
  const { folder: source } = session.requireWritableView('te');
  const folder = await findTarget(session, target);
  if (folder.id === source.id) throw new Refusal('CANNOT', 'The messages are in that folder already');
  if (uids.length === 0) return { text: 'No messages to move' };
  const mapping = await withProgress(session, tag, () =>
    session.store.move(source.id, uids, folder.id, mayKeep(folder)),
  );
  session.noteOwnMessages(
    folder.id,
    mapping.pairs.map(([, to]) => to),
  );
  // RFC 6851 §4.3: COPYUID comes in an untagged OK before the EXPUNGEs.
  const code = copyUid(mapping);
  if (code !== undefined) session.status('*', 'OK', { code, text: 'Moved UIDs' });
  await refreshView(session);
  if (!session.has('QRESYNC')) return { text: 'Moved' };
  return { code: `HIGHESTMODSEQ ${session.view.modseqWhenTold}`, text: 'Moved' };
}

function define(
  name: string,
  transfer: (session: Session, what: Transfer) => Promise<Completion>,
): PlainCommand {
  const byUid = name.startsWith('UID ');
  const read = (args: Arguments, session: Session): Action => {
    args.space();
    const set = args.sequenceSet();
    args.space();
    const target = readMailbox(args, session);
    args.end();
    return (_, { tag }) => transfer(session, { uids: resolveSet(session, set, byUid), target, tag });
  };
  return { name, states: selected, announcing: 'all', read };
}

export const copyCommand = define('COPY', copy);
export const uidCopy = define('UID COPY', copy);
export const moveCommand = define('MOVE', move);
export const uidMove = define('UID MOVE', move);
