/** LOGOUT (RFC 3501 §6.1.3). */
import { anyState, type PlainCommand } from '../command.ts';

export const logout: PlainCommand = {
  name: 'LOGOUT',
  states: anyState,
  announcing: 'nothing',
  read: (args) => {
    args.end();
    return async (session) => {
      session.status('*', 'BYE', { text: 'Logging out' });
      session.logOut();
      return undefined;
    };
  },
};
