/** RENAME (RFC 3501 §6.3.5): with all folders below; INBOX gives its messages away and stays. */
import { authenticated, type PlainCommand } from '../command.ts';
import { findFolder, findNewPlace, newFolderName, readMailbox } from '../folders.ts';
import { Refusal } from '../refusal.ts';

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
      const folder = await findFolder(session, from, 'x');
      const { mailboxId, path } = await findNewPlace(session, to);
      if (mailboxId !== folder.mailboxId) {
        throw new Refusal('CANNOT', 'A folder cannot be moved to another mailbox; copy its messages');
      }
      session.noteOwn(to);
      await session.store.renameFolder(mailboxId, folder.path, path);
      return undefined;
    };
  },
};
