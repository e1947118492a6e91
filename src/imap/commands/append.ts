/** APPEND (RFC 3501 §6.3.11) of one or several messages, all or none (MULTIAPPEND, RFC 3502). */

import { sizeOf } from '../../lib/segments.ts';
import type { Folder, NewMessage, VisibleFolder } from '../../mailbox/mail-store.ts';
import { refreshView } from '../announce.ts';
import { measureRoom, readMessage, readTarget } from '../append-data.ts';
import { authenticated, type Completion, type StreamingCommand } from '../command.ts';
import { findTarget } from '../folders.ts';
import { formatRanges, rangesOf } from '../number-ranges.ts';
import { Refusal } from '../refusal.ts';
import type { Session } from '../session.ts';
import type { IncomingCommand } from '../wire/command-reader.ts';

const mostMessages = 1000;

async function readMessages(
  session: Session,
  incoming: IncomingCommand,
  folder: VisibleFolder,
): Promise<NewMessage[]> {
  const messages: NewMessage[] = [];
  let room = await measureRoom(session, folder);
  do {
    incoming.arguments.space();
    const message = await readMessage(session, incoming, { folder, room });
    room -= sizeOf(message.content);
    messages.push(message);
    if (messages.length > mostMessages) {
      throw new Refusal('LIMIT', `One APPEND takes at most ${mostMessages} messages`);
    }
  } while (!incoming.arguments.atEnd);
  return messages;
}

async function store(session: Session, folder: Folder, messages: NewMessage[]): Promise<Completion> {
  const { uidValidity, uids } = await session.store.append(folder.id, messages);
  session.noteOwnMessages(folder.id, uids);
  // RFC 3501 §6.3.11: the selected folder shows the new messages at once.
  if (session.state === 'selected' && session.view.folder.id === folder.id) {
    session.view.noteOwn(uids);
    await refreshView(session);
  }
  return { code: `APPENDUID ${uidValidity} ${formatRanges(rangesOf(uids))}`, text: 'Stored' };
}

export const append: StreamingCommand = {
  name: 'APPEND',
  states: authenticated,
  announcing: 'all',
  converse: async (session, incoming) => {
    const name = await readTarget(session, incoming);
    const folder = await findTarget(session, name);
    return store(session, folder, await readMessages(session, incoming, folder));
  },
};
