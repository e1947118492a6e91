/** STLS (RFC 2595 §4). */
import { authorization, type Command } from '../command.ts';
import { BadCommand } from '../refusal.ts';
import { readNothing } from '../wire/command-line.ts';

export const stls: Command = {
  name: 'STLS',
  states: authorization,
  read: (rest) => {
    readNothing(rest);
    return async (session) => {
      if (session.link.secure) throw new BadCommand({ en: 'TLS is already on', it: 'TLS è già attivo' });
      // What was said in clear may have been said by somebody else.
      session.claimedName = undefined;
      session.ok({ en: 'Begin TLS negotiation', it: 'Iniziare la negoziazione TLS' });
      await session.link.startTls();
    };
  },
};
