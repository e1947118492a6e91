/** NOOP and CHECK (RFC 3501 §6.1.2, §6.4.1): the moment for news. */
import { refreshView } from '../announce.ts';
import { type Action, anyState, type PlainCommand, selected } from '../command.ts';

/** Asks the store even if nobody said that something changed: another process may have changed it. */
const lookForNews: Action = async (session) => {
  if (session.state === 'selected') await refreshView(session);
  return undefined;
};

export const noop: PlainCommand = {
  name: 'NOOP',
  states: anyState,
  announcing: 'all',
  read: (args) => {
    args.end();
    return lookForNews;
  },
};

export const check: PlainCommand = { ...noop, name: 'CHECK', states: selected };
