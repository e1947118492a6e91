/** RENAME (RFC 3501 §6.3.5): with all folders below; INBOX gives its messages away and stays. */
import { authenticated, type PlainCommand } from '../command.ts';
import { newFolderName, readMailbox } from '../folders.ts';

export const rename: PlainCommand = {
  name: 'RENAME',
  states: authenticated,
  announcing: 'all',
  read: (args, session) => {
    args.space();
    const from = readMailbox(args, session);
    args.space();
    const to = newFolderName(readMailbox(args, session));
    args.end();
    return async () => {
      await session.store.renameFolder(session.requireWriter().mailboxId, from, to);
      return undefined;
    };
  },
};
