/** AUTH (RFC 5034); without an argument it lists the mechanisms, as programs older than CAPA ask for them. */
import { decodeResponse } from '../../sasl/mechanisms.ts';
import { SaslProblem } from '../../sasl/scram.ts';
import { offeredMechanisms } from '../capabilities.ts';
import { type Action, authorization, type Command } from '../command.ts';
import { finishLogin, requireTls } from '../log-in.ts';
import { Refusal } from '../refusal.ts';
import type { Session } from '../session.ts';
import { readArguments } from '../wire/command-line.ts';

export const auth: Command = {
  name: 'AUTH',
  states: authorization,
  read: (rest) => {
    const [mechanism, initial] = readArguments(rest, 0, 2);
    return mechanism === undefined ? listAll : (session) => authenticate(session, mechanism, initial);
  },
};

const listAll: Action = async (session) => {
  requireTls(session);
  session.ok({ en: 'Mechanisms follow', it: 'Seguono i meccanismi' });
  for (const { name } of offeredMechanisms(session)) session.line(name);
  session.line('.');
};

async function authenticate(session: Session, wanted: string, initial: string | undefined): Promise<void> {
  requireTls(session);
  const name = wanted.toUpperCase();
  const mechanism = offeredMechanisms(session).find((each) => each.name === name);
  if (mechanism === undefined) {
    throw new Refusal(undefined, {
      en: `There is no mechanism ${name}; see CAPA`,
      it: `Il meccanismo ${name} non esiste; vedere CAPA`,
    });
  }
  const outcome = await session.desk.bySasl(session.link.facts.address, mechanism, {
    // RFC 5034 §4: a single "=" is an empty initial response.
    initial: initial === undefined ? undefined : decodeResponse(initial === '=' ? '' : initial),
    channel: session.link.channel,
    challenge: (bytes) => challenge(session, bytes),
  });
  await finishLogin(session, outcome, name);
}

async function challenge(session: Session, bytes: Uint8Array): Promise<Uint8Array> {
  const line = await session.link.converse(Buffer.from(bytes).toString('base64'));
  if (line === '*') throw new SaslProblem('Authentication was given up by the client');
  return decodeResponse(line);
}
