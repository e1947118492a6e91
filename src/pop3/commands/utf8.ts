/** UTF8 (RFC 6856 §2.1): messages are sent as they are stored, before it and after it. */
import { authorization, type Command } from '../command.ts';
import { readNothing } from '../wire/command-line.ts';

export const utf8: Command = {
  name: 'UTF8',
  states: authorization,
  read: (rest) => {
    readNothing(rest);
    return async (session) => session.ok({ en: 'UTF-8 mode is on', it: 'La modalità UTF-8 è attiva' });
  },
};
