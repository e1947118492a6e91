/** RETR and TOP (RFC 1939 §5, §7): the stored bytes, streamed. */
import { type Command, transaction } from '../command.ts';
import type { Text } from '../language.ts';
import { BrokenAnswer } from '../refusal.ts';
import type { Session } from '../session.ts';
import { parseCount, readArguments } from '../wire/command-line.ts';
import { DotStuffer, takeTop } from '../wire/multiline.ts';

export const retr: Command = {
  name: 'RETR',
  states: transaction,
  read: (rest) => {
    const [which = ''] = readArguments(rest, 1, 1);
    return async (session) => {
      const { number, message } = session.messageAt(which);
      await send(session, `${message.octets} octets`, session.maildrops.read(message));
      session.retrieved.add(number);
    };
  },
};

export const top: Command = {
  name: 'TOP',
  states: transaction,
  read: (rest) => {
    const [which = '', count = ''] = readArguments(rest, 2, 2);
    const lines = parseCount(count);
    return async (session) => {
      const { message } = session.messageAt(which);
      const announcement = { en: 'The top of the message follows', it: 'Segue l’inizio del messaggio' };
      await send(session, announcement, takeTop(session.maildrops.read(message), lines));
    };
  },
};

/**
 * Sends the bytes as a multi-line answer, no faster than the client reads. Nothing is said before the first bytes are
 * there, so that a message that is gone is answered with -ERR.
 * @throws {MailError} {@link BrokenAnswer} {@link OutputClosed}
 */
async function send(
  session: Session,
  announcement: string | Text,
  source: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { out } = session;
  const stuffer = new DotStuffer();
  const chunks = source[Symbol.asyncIterator]();
  try {
    let next = await chunks.next();
    session.ok(announcement);
    while (next.done !== true) {
      for (const bytes of stuffer.push(next.value)) out.bytes(bytes);
      out.assertOpen();
      if (out.full) await out.drained();
      next = await readOn(chunks);
    }
    for (const bytes of stuffer.end()) out.bytes(bytes);
  } finally {
    await chunks.return?.();
  }
}

async function readOn(chunks: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
  try {
    return await chunks.next();
  } catch (error) {
    throw new BrokenAnswer(error);
  }
}
