/** STATUS (RFC 3501 §6.3.10). */
import { authenticated, type PlainCommand } from '../command.ts';
import { findFolder, readMailbox } from '../folders.ts';
import { readStatusItems, writeStatus } from '../status-items.ts';

export const status: PlainCommand = {
  name: 'STATUS',
  states: authenticated,
  announcing: 'all',
  read: (args, session) => {
    args.space();
    const name = readMailbox(args, session);
    args.space();
    const items = readStatusItems(args);
    args.end();
    return async () => {
      await writeStatus(session, await findFolder(session, name, 'r'), items);
      return undefined;
    };
  },
};
