/** SUBSCRIBE and UNSUBSCRIBE (RFC 3501 §6.3.6, §6.3.7). */
import { authenticated, type PlainCommand } from '../command.ts';
import { findFolder, readMailbox } from '../folders.ts';

function define(name: string, subscribed: boolean): PlainCommand {
  return {
    name,
    states: authenticated,
    announcing: 'all',
    read: (args, session) => {
      args.space();
      const folder = readMailbox(args, session);
      args.end();
      return async () => {
        // RFC 4314 §4: what one may not see one cannot subscribe to; UNSUBSCRIBE needs no right.
        if (subscribed) await findFolder(session, folder, 'l');
        session.noteOwn(folder);
        await session.store.setSubscribed(session.login.mailboxId, folder, subscribed);
        return undefined;
      };
    },
  };
}

export const subscribe = define('SUBSCRIBE', true);
export const unsubscribe = define('UNSUBSCRIBE', false);
