/** NOOP (RFC 1939 §5). */
import { type Command, transaction } from '../command.ts';
import { readNothing } from '../wire/command-line.ts';

export const noop: Command = {
  name: 'NOOP',
  states: transaction,
  read: (rest) => {
    readNothing(rest);
    return async (session) => session.ok({ en: 'Still here', it: 'Presente' });
  },
};
