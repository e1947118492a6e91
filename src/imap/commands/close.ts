/** CLOSE (RFC 3501 §6.4.2) and UNSELECT (RFC 3691). */
import { type PlainCommand, selected } from '../command.ts';

export const close: PlainCommand = {
  name: 'CLOSE',
  states: selected,
  announcing: 'nothing',
  read: (args) => {
    args.end();
    return async (session) => {
      const { view } = session;
      // Removes silently: the client hears of it at its next SELECT.
      if (!view.readOnly && view.folder.rights.includes('e')) {
        session.noteOwnMessages(view.folder.id, await session.store.expunge(view.folder.id));
      }
      session.closeView();
      return undefined;
    };
  },
};

export const unselect: PlainCommand = {
  name: 'UNSELECT',
  states: selected,
  announcing: 'nothing',
  read: (args) => {
    args.end();
    return async (session) => {
      session.closeView();
      return undefined;
    };
  },
};
