/** NOTIFY (RFC 5465): which news the client wants, also between commands and of folders that are not open. */
import { refreshView } from '../announce.ts';
import { authenticated, type PlainCommand } from '../command.ts';
import { readMailbox } from '../folders.ts';
import { findWordItem } from '../message/word-items.ts';
import { Notifier } from '../notifier.ts';
import { readNotifyRequest } from '../wire/notify-request.ts';

export const notify: PlainCommand = {
  name: 'NOTIFY',
  states: authenticated,
  announcing: 'all',
  read: (args, session) => {
    const request = readNotifyRequest(args, () => readMailbox(args, session));
    args.end();
    for (const item of request.selected?.items ?? []) if (item.kind === 'word') findWordItem(item.name);
    return async () => {
      // What waits since ENABLE METADATA is still wanted.
      if (session.notifications?.withCommands === true) await session.notifications.tellOthers();
      const notifier = new Notifier(session, request);
      await notifier.begin(request.status);
      session.watchBy(notifier);
      // RFC 5465 §3.1: an implicit NOOP; its news come with the end of the command.
      if (session.state === 'selected') await refreshView(session);
      return undefined;
    };
  },
};
