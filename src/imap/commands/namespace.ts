/** NAMESPACE (RFC 2342): one personal namespace with `/` between levels. */
import { authenticated, type PlainCommand } from '../command.ts';

export const namespace: PlainCommand = {
  name: 'NAMESPACE',
  states: authenticated,
  announcing: 'all',
  read: (args) => {
    args.end();
    return async (session) => {
      session.untagged('NAMESPACE (("" "/")) NIL NIL');
      return undefined;
    };
  },
};
