/** AUTHENTICATE (RFC 3501 §6.2.2) with an initial response (SASL-IR, RFC 4959). */
import { decodeResponse } from '../../sasl/mechanisms.ts';
import { offeredMechanisms } from '../capabilities.ts';
import { notAuthenticated, type PlainCommand } from '../command.ts';
import { finishLogin, requireTls } from '../log-in.ts';
import { Refusal } from '../refusal.ts';
import type { Session } from '../session.ts';
import { SyntaxProblem } from '../wire/syntax.ts';

async function challenge(session: Session, bytes: Uint8Array): Promise<Uint8Array> {
  await session.link.invite(Buffer.from(bytes).toString('base64'));
  const line = await session.link.line();
  if (line === '*') throw new SyntaxProblem('Authentication was given up by the client');
  return decodeResponse(line);
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
      const mechanism = offeredMechanisms(session).find((each) => each.name === name);
      if (mechanism === undefined)
        throw new Refusal('CANNOT', `There is no mechanism ${name}; see CAPABILITY`);
      const outcome = await session.desk.bySasl(session.link.facts.address, mechanism, {
        // RFC 4959 §3: a single "=" is an empty initial response.
        initial: initial === undefined ? undefined : decodeResponse(initial === '=' ? '' : initial),
        channel: session.link.channel,
        challenge: (bytes) => challenge(session, bytes),
      });
      return finishLogin(session, outcome, name);
    };
  },
};
