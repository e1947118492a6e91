/** STAT (RFC 1939 §5). */
import { type Command, transaction } from '../command.ts';
import { readNothing } from '../wire/command-line.ts';

export const stat: Command = {
  name: 'STAT',
  states: transaction,
  read: (rest) => {
    readNothing(rest);
    return async (session) => {
      const { count, octets } = session.measure();
      session.ok(`${count} ${octets}`);
    };
  },
};
