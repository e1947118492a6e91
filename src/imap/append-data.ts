/**
 * One message as APPEND and its kin take it: flags, date, and the bytes as a literal, in UTF-8 form (RFC 6855
 * §4) or joined from pieces (CATENATE, RFC 4469). Bytes stream from the wire to the store.
 */
import type { Segments } from '../lib/segments.ts';
import type { Folder, NewMessage, VisibleFolder } from '../mailbox/mail-store.ts';
import { normalizeFlags } from './flags.ts';
import { findFolder, readMailbox } from './folders.ts';
import { badUrl, parseMessageUrl } from './imap-url.ts';
import { cutSpan, locateSection } from './message/sections.ts';
import { StoredMessage } from './message/stored-message.ts';
import { Refusal } from './refusal.ts';
import { allowedFlags } from './rights.ts';
import type { Session } from './session.ts';
import type { IncomingCommand, LiteralAnnouncement } from './wire/command-reader.ts';
import { parseDateTime } from './wire/dates.ts';
import { SyntaxProblem } from './wire/syntax.ts';

/** SP mailbox, where it may be a literal. @throws {SyntaxProblem} */
export async function readTarget(session: Session, incoming: IncomingCommand): Promise<string> {
  const args = incoming.arguments;
  args.space();
  if (args.atLineEnd && incoming.announced !== undefined) await incoming.collectLiteral();
  return readMailbox(args, session);
}

/** The room the folder's mailbox has left, bytes; what does not fit is refused before it is sent. */
export async function measureRoom(session: Session, { mailboxId }: Folder): Promise<number> {
  const { usedBytes, limitBytes } = await session.store.quota(mailboxId);
  return limitBytes - usedBytes;
}

export interface Destination {
  readonly folder: VisibleFolder;
  /** Bytes that may come. */
  readonly room: number;
}

/**
 * `[flag-list SP] [date-time SP] data`. Flags that the login may not set are left out (RFC 4314 §4).
 * @throws {Refusal} TOOBIG, OVERQUOTA, UNKNOWN-CTE, BADURL
 */
export async function readMessage(
  session: Session,
  incoming: IncomingCommand,
  { folder, room }: Destination,
): Promise<NewMessage> {
  const args = incoming.arguments;
  const flags = args.peek() === '(' ? normalizeFlags(args.flagList()) : undefined;
  if (flags !== undefined) args.space();
  const date = args.peek() === '"' ? parseDateTime(args.string()) : undefined;
  if (date !== undefined) args.space();
  const content = await readData(session, incoming, room);
  return { content, flags: allowedFlags(flags ?? [], folder.rights), internalDate: date ?? session.clock() };
}

async function readData(session: Session, incoming: IncomingCommand, room: number): Promise<Segments> {
  const args = incoming.arguments;
  if (args.tryText('CATENATE (')) return session.store.storeContent(catenate(session, incoming, room));
  const utf8 = args.tryText('UTF8 (');
  const content = await readLiteral(session, incoming, room);
  if (utf8) args.text(')');
  return content;
}

async function readLiteral(session: Session, incoming: IncomingCommand, room: number): Promise<Segments> {
  const { size, binary } = announcedOf(incoming);
  if (size === 0) throw new Refusal('CANNOT', 'A message without bytes cannot be stored');
  checkSize(session, size, room);
  const content = await session.store.storeContent(withoutNul(incoming.stream(), binary));
  await incoming.afterStream();
  return content;
}

/** The literal that must come here. @throws {SyntaxProblem} */
function announcedOf(incoming: IncomingCommand): LiteralAnnouncement {
  const { announced } = incoming;
  if (!incoming.arguments.atLineEnd || announced === undefined) {
    throw new SyntaxProblem('The message is expected as a literal');
  }
  return announced;
}

/** @throws {Refusal} TOOBIG, OVERQUOTA */
function checkSize(session: Session, size: number, room: number): void {
  const most = session.limits.messageBytes;
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

/** The pieces of CATENATE one after the other, after its parenthesis. */
async function* catenate(
  session: Session,
  incoming: IncomingCommand,
  room: number,
): AsyncGenerator<Uint8Array> {
  const args = incoming.arguments;
  let size = 0;
  do {
    const kind = args.keyword();
    args.space();
    if (!['TEXT', 'URL', 'UTF8'].includes(kind)) throw new SyntaxProblem('CATENATE joins TEXT and URL');
    if (kind === 'UTF8') args.text('(');
    if (kind !== 'URL') checkSize(session, size + announcedOf(incoming).size, room);
    for await (const chunk of kind === 'URL' ? readUrl(session, incoming) : readText(incoming)) {
      size += chunk.length;
      checkSize(session, size, room);
      yield chunk;
    }
    if (kind === 'UTF8') args.text(')');
  } while (args.tryText(' '));
  args.text(')');
  if (size === 0) throw new Refusal('CANNOT', 'A message without bytes cannot be stored');
}

async function* readText(incoming: IncomingCommand): AsyncGenerator<Uint8Array> {
  yield* withoutNul(incoming.stream(), announcedOf(incoming).binary);
  await incoming.afterStream();
}

/** The bytes a URL stands for, as FETCH BODY.PEEK would give them. @throws {Refusal} BADURL */
async function* readUrl(session: Session, incoming: IncomingCommand): AsyncGenerator<Uint8Array> {
  const args = incoming.arguments;
  if (args.atLineEnd && incoming.announced !== undefined) await incoming.collectLiteral();
  const url = args.astring();
  const { folder: name, uidValidity, uid, request } = parseMessageUrl(url);
  const folder = name === undefined ? session.view.folder : await findFolder(session, name, 'r');
  if (uidValidity !== undefined && uidValidity !== folder.uidValidity)
    throw badUrl(url, 'the folder is another now');
  const [record] = await session.store.messages(folder.id, [[uid, uid]]);
  if (record === undefined) throw badUrl(url, 'the message is not there');
  const message = new StoredMessage(session.store, record);
  const span = locateSection(await message.structure(), request.section);
  if (span === undefined || request.section.fields !== undefined)
    throw badUrl(url, 'the message has no such part');
  const { offset, length } = request.partial ?? { offset: 0, length: Number.MAX_SAFE_INTEGER };
  yield* message.read(cutSpan(span, offset, length));
}
