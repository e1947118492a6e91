/** CAPA (RFC 2449 §5). */
import { listCapabilities } from '../capabilities.ts';
import { anyState, type Command } from '../command.ts';
import { readNothing } from '../wire/command-line.ts';

export const capa: Command = {
  name: 'CAPA',
  states: anyState,
  read: (rest) => {
    readNothing(rest);
    return async (session) => {
      session.ok({ en: 'Capability list follows', it: 'Segue la lista delle capacità' });
      for (const line of listCapabilities(session)) session.line(line);
      session.line('.');
    };
  },
};
