/** DELETE (RFC 3501 §6.3.4). */
import { authenticated, type PlainCommand } from '../command.ts';
import { findFolder, readMailbox } from '../folders.ts';

export const deleteCommand: PlainCommand = {
  name: 'DELETE',
  states: authenticated,
  announcing: 'all',
  read: (args, session) => {
    args.space();
    const name = readMailbox(args, session);
    args.end();
    return async () => {
      const folder = await findFolder(session, name, 'x');
      session.noteOwn(folder.name);
      await session.store.deleteFolder(folder.mailboxId, folder.path);
      // RFC 9051 §6.3.5: a client that deletes what it has selected ends up unselected.
      if (session.state === 'selected' && session.view.folder.id === folder.id) {
        session.closeView();
        session.status('*', 'OK', { code: 'CLOSED', text: 'The selected folder was deleted' });
      }
      return undefined;
    };
  },
};
