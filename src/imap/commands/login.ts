/** LOGIN (RFC 3501 §6.2.3). */
import { notAuthenticated, type PlainCommand } from '../command.ts';
import { finishLogin, requireTls } from '../log-in.ts';
import { fromByteString } from '../wire/syntax.ts';

export const login: PlainCommand = {
  name: 'LOGIN',
  states: notAuthenticated,
  announcing: 'nothing',
  read: (args) => {
    args.space();
    const name = fromByteString(args.astring());
    args.space();
    const password = fromByteString(args.astring());
    args.end();
    return async (session) => {
      requireTls(session);
      const { address } = session.link.facts;
      return finishLogin(session, await session.desk.byPassword(address, name, password), 'LOGIN');
    };
  },
};
