/** STAT (RFC 1939 §5). */
import { type Command, transaction } from '../command.ts';
import { readNothing } from '../wire/command-line.ts';

export const stat: Command = {
  name: 'STAT',
  states: transaction,
  read: (rest) => {
    readNothing(rest);
    return async (session) => {
      let count = 0;
      let octets = 0;
      for (const { message } of session.remaining()) {
        count += 1;
        octets += message.octets;
      }
      session.ok(`${count} ${octets}`);
    };
  },
};
