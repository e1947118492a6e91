/** AUTHENTICATE (RFC 3501 §6.2.2) with an initial response (SASL-IR, RFC 4959). */
import { notAuthenticated, type PlainCommand } from '../command.ts';
import { finishLogin, requireTls } from '../log-in.ts';
import { Refusal } from '../refusal.ts';
import { mechanisms } from '../sasl/mechanisms.ts';
import type { Session } from '../session.ts';
import { SyntaxProblem } from '../wire/syntax.ts';

function decodeBase64(text: string): Uint8Array {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
    throw new SyntaxProblem('Base64 is expected');
  }
  return Buffer.from(text, 'base64');
}

async function challenge(session: Session, bytes: Uint8Array): Promise<Uint8Array> {
  await session.link.invite(Buffer.from(bytes).toString('base64'));
  const line = await session.link.line();
  if (line === '*') throw new SyntaxProblem('Authentication was given up by the client');
  return decodeBase64(line);
}

export const authenticate: PlainCommand = {
  name: 'AUTHENTICATE',
  states: notAuthenticated,
  announcing: 'nothing',
  read: (args) => {
    args.space();
    const name = args.keyword();
    const initial = args.tryText(' ') ? args.match(/=$|[A-Za-z0-9+/]+=*/y)?.[0] : undefined;
    args.end();
    return async (session) => {
      requireTls(session);
      const mechanism = mechanisms.find((each) => each.name === name);
      if (mechanism === undefined)
        throw new Refusal('CANNOT', `There is no mechanism ${name}; see CAPABILITY`);
      const result = await mechanism.run({
        accounts: session.accounts,
        // RFC 4959 §3: a single "=" is an empty initial response.
        initial: initial === undefined ? undefined : decodeBase64(initial === '=' ? '' : initial),
        challenge: (bytes) => challenge(session, bytes),
      });
      return finishLogin(session, result, name);
    };
  },
};
