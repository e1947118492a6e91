/** STARTTLS (RFC 3501 §6.2.1). */
import { notAuthenticated, type PlainCommand } from '../command.ts';
import { SyntaxProblem } from '../wire/syntax.ts';

export const starttls: PlainCommand = {
  name: 'STARTTLS',
  states: notAuthenticated,
  announcing: 'nothing',
  read: (args, session) => {
    args.end();
    if (session.link.secure) throw new SyntaxProblem('TLS is already on');
    return async () => ({ text: 'Begin TLS negotiation now', after: () => session.link.startTls() });
  },
};
