/** DELE and RSET (RFC 1939 §5): marks of this session; only QUIT carries them out. */
import { type Command, transaction } from '../command.ts';
import { Refusal } from '../refusal.ts';
import { readArguments, readNothing } from '../wire/command-line.ts';

export const dele: Command = {
  name: 'DELE',
  states: transaction,
  read: (rest) => {
    const [which = ''] = readArguments(rest, 1, 1);
    return async (session) => {
      const { number } = session.messageAt(which);
      if (session.user?.rights.write !== true) {
        throw new Refusal('SYS/PERM', {
          en: 'This login may read but not change the mailbox',
          it: 'Questo accesso può leggere ma non modificare la casella',
        });
      }
      session.deleted.add(number);
      session.ok({
        en: `Message ${number} will be deleted at QUIT`,
        it: `Il messaggio ${number} sarà eliminato con QUIT`,
      });
    };
  },
};

export const rset: Command = {
  name: 'RSET',
  states: transaction,
  read: (rest) => {
    readNothing(rest);
    return async (session) => {
      session.deleted.clear();
      session.ok({ en: 'Nothing is marked as deleted', it: 'Nulla è segnato come eliminato' });
    };
  },
};
