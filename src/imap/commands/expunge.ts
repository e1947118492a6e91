/** EXPUNGE (RFC 3501 §6.4.3) and UID EXPUNGE (RFC 4315 §2.1). */
import { refreshView } from '../announce.ts';
import { type Completion, type PlainCommand, selected } from '../command.ts';
import { resolveSet } from '../message-sets.ts';
import type { Ranges } from '../number-ranges.ts';
import type { Session } from '../session.ts';

/** What was removed is announced as any change, before the tagged answer. */
async function expunge(session: Session, uids: Ranges | undefined): Promise<Completion | undefined> {
  const { folder } = session.requireWritableView('e');
  const removed = uids !== undefined && uids.length === 0 ? [] : await session.store.expunge(folder.id, uids);
  await refreshView(session);
  // RFC 7162 §3.2.7: a client with QRESYNC learns the new modseq with the answer.
  if (removed.length === 0 || !session.has('QRESYNC')) return undefined;
  return { code: `HIGHESTMODSEQ ${session.view.modseqWhenTold}`, text: 'Expunged' };
}

export const expungeCommand: PlainCommand = {
  name: 'EXPUNGE',
  states: selected,
  announcing: 'all',
  read: (args) => {
    args.end();
    return (session) => expunge(session, undefined);
  },
};

export const uidExpunge: PlainCommand = {
  name: 'UID EXPUNGE',
  states: selected,
  announcing: 'all',
  read: (args) => {
    args.space();
    const set = args.sequenceSet();
    args.end();
    return (session) => expunge(session, resolveSet(session, set, true));
  },
};
