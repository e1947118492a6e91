/** NAMESPACE (RFC 2342): the mailbox's own folders, and those of others if any are shared with the login. */
import { otherUsers } from '../../mailbox/shared-name.ts';
import { authenticated, type PlainCommand } from '../command.ts';

export const namespace: PlainCommand = {
  name: 'NAMESPACE',
  states: authenticated,
  announcing: 'all',
  read: (args) => {
    args.end();
    return async (session) => {
      const folders = await session.store.listVisible(session.login);
      const others = folders.some(({ owner }) => owner !== undefined) ? `(("${otherUsers}" "/"))` : 'NIL';
      session.untagged(`NAMESPACE (("" "/")) ${others} NIL`);
      return undefined;
    };
  },
};
