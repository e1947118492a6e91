/** CAPABILITY (RFC 3501 §6.1.1). */
import { formatCapabilities } from '../capabilities.ts';
import { anyState, type PlainCommand } from '../command.ts';

export const capability: PlainCommand = {
  name: 'CAPABILITY',
  states: anyState,
  announcing: 'all',
  read: (args) => {
    args.end();
    return async (session) => {
      session.untagged(formatCapabilities(session));
      return undefined;
    };
  },
};
