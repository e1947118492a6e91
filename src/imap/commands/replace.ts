/** REPLACE and UID REPLACE (RFC 8508): a new message in the place of an old one, in one step. */
import type { MessageRecord } from '../../mailbox/mail-store.ts';
import { refreshView } from '../announce.ts';
import { measureRoom, readMessage, readTarget } from '../append-data.ts';
import { type Completion, type StreamingCommand, selected } from '../command.ts';
import { findTarget } from '../folders.ts';
import { resolveSet } from '../message-sets.ts';
import { Refusal } from '../refusal.ts';
import type { Session } from '../session.ts';
import type { IncomingCommand } from '../wire/command-reader.ts';
import { parseSequenceSet } from '../wire/sequence-set.ts';
import { SyntaxProblem } from '../wire/syntax.ts';

/**
 * The message that goes, by its UID or sequence number.
 * @throws {SyntaxProblem} for what is no single number; {@link Refusal} when the message is gone
 */
async function findOld(session: Session, incoming: IncomingCommand, byUid: boolean): Promise<MessageRecord> {
  const args = incoming.arguments;
  args.space();
  const number = args.match(/(?:[1-9]\d*|\*)(?= )/y)?.[0];
  if (number === undefined) throw new SyntaxProblem('The number of one message is expected');
  const uids = resolveSet(session, parseSequenceSet(number), byUid);
  const [record] = await session.store.messages(session.view.folder.id, uids);
  if (record !== undefined) return record;
  throw new Refusal(byUid ? 'NONEXISTENT' : 'EXPUNGEISSUED', 'The message to replace is gone; send NOOP');
}

async function replace(session: Session, incoming: IncomingCommand, byUid: boolean): Promise<Completion> {
  const old = await findOld(session, incoming, byUid);
  const name = await readTarget(session, incoming);
  const { folder } = session.requireWritableView('te');
  const target = await findTarget(session, name);
  incoming.arguments.space();
  // RFC 8508 §3.4: only what the new message is larger counts.
  const freed = target.mailboxId === folder.mailboxId ? old.size : 0;
  const room = (await measureRoom(session, target)) + freed;
  const message = await readMessage(session, incoming, { folder: target, room });
  incoming.arguments.end();
  const order = { folderId: folder.id, uid: old.uid, targetFolderId: target.id, message };
  const { uidValidity, uids } = await session.store.replace(order);
  session.noteOwnMessages(target.id, uids);
  if (target.id === folder.id) session.view.noteOwn(uids);
  // RFC 8508 §4.3: the new UID is told before the old message goes.
  session.status('*', 'OK', {
    code: `APPENDUID ${uidValidity} ${uids[0]}`,
    text: 'The new message is stored',
  });
  await refreshView(session);
  if (!session.has('QRESYNC')) return { text: 'Replaced' };
  return { code: `HIGHESTMODSEQ ${session.view.modseqWhenTold}`, text: 'Replaced' };
}

function define(name: string, byUid: boolean): StreamingCommand {
  return {
    name,
    states: selected,
    announcing: 'all',
    converse: (session, incoming) => replace(session, incoming, byUid),
  };
}

export const replaceCommand = define('REPLACE', false);
export const uidReplace = define('UID REPLACE', true);
