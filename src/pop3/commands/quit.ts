/**
 * QUIT (RFC 1939 §6): the UPDATE state. What was marked is removed, all or none; a session that ends in any other way
 * removes nothing.
 */

import { MailError } from '../../lib/mail-error.ts';
import { anyState, type Command } from '../command.ts';
import { Farewell } from '../refusal.ts';
import type { Session } from '../session.ts';
import { readNothing } from '../wire/command-line.ts';

export const quit: Command = {
  name: 'QUIT',
  states: anyState,
  read: (rest) => {
    readNothing(rest);
    return async (session) => {
      if (session.state === 'transaction') await update(session);
      session.leave();
      session.ok({ en: 'Goodbye', it: 'Arrivederci' });
    };
  },
};

/** @throws {Farewell} when nothing could be removed: the session is over all the same. */
async function update(session: Session): Promise<void> {
  const uidOf = (number: number): number => session.maildrop.messages[number - 1]?.uid ?? 0;
  const removed = [...session.deleted].map(uidOf).sort((a, b) => a - b);
  const seen = [...session.retrieved].filter((number) => !session.deleted.has(number)).map(uidOf);
  const mayChange = session.user?.rights.write === true;
  try {
    await session.maildrop.finish({ removed, seen: mayChange ? seen.sort((a, b) => a - b) : [] });
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    throw new Farewell('SYS/TEMP', {
      en: `Nothing was deleted: ${error.publicText}`,
      it: `Nulla è stato eliminato: ${error.publicText}`,
    });
  }
  session.log.updated({ ...session.link.facts, login: session.user?.name ?? '', deleted: removed.length });
}
