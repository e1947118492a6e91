/** USER and PASS (RFC 1939 §7), in UTF-8 (RFC 6856 §2.2). */
import { authorization, type Command } from '../command.ts';
import { finishLogin, requireTls } from '../log-in.ts';
import { BadCommand } from '../refusal.ts';
import { decodeText } from '../wire/command-line.ts';

export const user: Command = {
  name: 'USER',
  states: authorization,
  read: (rest) => {
    const name = decodeText(rest.trim());
    if (name === '') throw new BadCommand({ en: 'USER wants a name', it: 'USER vuole un nome' });
    return async (session) => {
      requireTls(session);
      session.claimedName = name;
      // The same for every name: which exist is not told.
      session.ok({ en: 'Send PASS', it: 'Inviare PASS' });
    };
  },
};

export const pass: Command = {
  name: 'PASS',
  states: authorization,
  // The password is all of the rest: it may have spaces anywhere.
  read: (rest) => async (session) => {
    requireTls(session);
    const name = session.claimedName;
    if (name === undefined) throw new BadCommand({ en: 'Send USER first', it: 'Prima inviare USER' });
    session.claimedName = undefined;
    const { address } = session.link.facts;
    await finishLogin(session, await session.desk.byPassword(address, name, decodeText(rest)), 'USER');
  },
};
