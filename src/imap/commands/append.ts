/**
 * APPEND (RFC 3501 §6.3.11) of one or several messages, all or none (MULTIAPPEND, RFC 3502). Messages stream
 * from the wire to the store: what they weigh is never held.
 */
import type { Segments } from '../../lib/segments.ts';
import type { Folder, NewMessage } from '../../mailbox/mail-store.ts';
import { refreshView } from '../announce.ts';
import { authenticated, type Completion, type StreamingCommand } from '../command.ts';
import { normalizeFlags } from '../flags.ts';
import { findTarget, readMailbox } from '../folders.ts';
import { formatRanges, rangesOf } from '../number-ranges.ts';
import { Refusal } from '../refusal.ts';
import type { Session } from '../session.ts';
import type { IncomingCommand, LiteralAnnouncement } from '../wire/command-reader.ts';
import { parseDateTime } from '../wire/dates.ts';
import { SyntaxProblem } from '../wire/syntax.ts';

const mostMessages = 1000;

async function readTarget(session: Session, incoming: IncomingCommand): Promise<string> {
  const args = incoming.arguments;
  args.space();
  if (args.atLineEnd && incoming.announced !== undefined) await incoming.collectLiteral();
  return readMailbox(args, session);
}

/** The room the mailbox has left, bytes; what does not fit is refused before it is sent. */
async function measureRoom(session: Session): Promise<number> {
  const { usedBytes, limitBytes } = await session.store.quota(session.login.mailboxId);
  return limitBytes - usedBytes;
}

/** @throws {Refusal} TOOBIG, OVERQUOTA */
function checkSize(session: Session, size: number, room: number): void {
  const most = session.limits.messageBytes;
  if (size === 0) throw new Refusal('CANNOT', 'A message without bytes cannot be stored');
  if (size > most) throw new Refusal('TOOBIG', `A message may have ${most} bytes`);
  if (size > room) throw new Refusal('OVERQUOTA', 'The mailbox is full; delete messages and try again');
}

/** Passes bytes on. @throws {Refusal} at a NUL (RFC 3501 §4.3, RFC 3516 §4.3). */
async function* withoutNul(source: AsyncIterable<Uint8Array>, binary: boolean): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    if (chunk.includes(0)) {
      throw new Refusal(binary ? 'UNKNOWN-CTE' : 'CANNOT', 'Messages with NUL bytes cannot be stored');
    }
    yield chunk;
  }
}

async function storeLiteral(session: Session, incoming: IncomingCommand): Promise<Segments> {
  const { binary } = incoming.announced as LiteralAnnouncement;
  const content = await session.store.storeContent(withoutNul(incoming.stream(), binary));
  await incoming.afterStream();
  return content;
}

/** `[flag-list SP] [date-time SP] literal`. */
async function readMessage(session: Session, incoming: IncomingCommand, room: number): Promise<NewMessage> {
  const args = incoming.arguments;
  args.space();
  const flags = args.peek() === '(' ? normalizeFlags(args.flagList()) : undefined;
  if (flags !== undefined) args.space();
  const date = args.peek() === '"' ? parseDateTime(args.string()) : undefined;
  if (date !== undefined) args.space();
  if (!args.atLineEnd || incoming.announced === undefined) {
    throw new SyntaxProblem('The message is expected as a literal');
  }
  checkSize(session, incoming.announced.size, room);
  const content = await storeLiteral(session, incoming);
  return { content, flags: flags ?? [], internalDate: date ?? session.clock() };
}

async function readMessages(session: Session, incoming: IncomingCommand): Promise<NewMessage[]> {
  const messages: NewMessage[] = [];
  let room = await measureRoom(session);
  do {
    const size = incoming.announced?.size ?? 0;
    messages.push(await readMessage(session, incoming, room));
    room -= size;
    if (messages.length > mostMessages) {
      throw new Refusal('LIMIT', `One APPEND takes at most ${mostMessages} messages`);
    }
  } while (!incoming.arguments.atEnd);
  return messages;
}

async function store(session: Session, folder: Folder, messages: NewMessage[]): Promise<Completion> {
  const { uidValidity, uids } = await session.store.append(folder.id, messages);
  // RFC 3501 §6.3.11: the selected folder shows the new messages at once.
  if (session.state === 'selected' && session.view.folder.id === folder.id) await refreshView(session);
  return { code: `APPENDUID ${uidValidity} ${formatRanges(rangesOf(uids))}`, text: 'Stored' };
}

export const append: StreamingCommand = {
  name: 'APPEND',
  states: authenticated,
  announcing: 'all',
  converse: async (session, incoming) => {
    const name = await readTarget(session, incoming);
    session.requireWriter();
    const folder = await findTarget(session, name);
    return store(session, folder, await readMessages(session, incoming));
  },
};
