/** CANCELUPDATE (RFC 5267 §4.3.5): searches named by their tags are not kept up to date any more. */
import { type PlainCommand, selected } from '../command.ts';
import { contextsOf } from '../search/contexts.ts';

export const cancelupdate: PlainCommand = {
  name: 'CANCELUPDATE',
  states: selected,
  announcing: 'all',
  read: (args) => {
    const tags: string[] = [];
    do {
      args.space();
      tags.push(args.astring());
    } while (args.peek() === ' ');
    args.end();
    return async (session) => {
      contextsOf(session).cancel(tags);
      return { text: 'No further updates' };
    };
  },
};
