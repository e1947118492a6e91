/**
 * SASL exchanges of more than one step by SMTP (RFC 4954): smtp-server knows PLAIN and LOGIN, the others come in here.
 * One exchange is a promise that sends a challenge, hands the connection's reading back, and goes on with the line
 * that comes.
 */
import type { TLSSocket } from 'node:tls';
import type { SMTPServerSession } from 'smtp-server';
import type { SMTPConnection } from 'smtp-server/lib/smtp-connection.js';
import { MailError } from '../lib/mail-error.ts';
import { type ChannelBindings, readChannelBindings } from '../sasl/channel-binding.ts';
import { decodeResponse, listMechanisms, type SaslExchange, type SaslMechanism } from '../sasl/mechanisms.ts';
import { SaslProblem } from '../sasl/scram.ts';

type Done = () => void;

export interface SaslCommand {
  readonly mechanism: SaslMechanism;
  /** As in the AUTH command, base64; `=` for an empty one. */
  readonly initial: string | undefined;
  /** Hands the reading back to smtp-server. */
  readonly done: Done;
}

/** Resolves with a name for the session's user. @throws what is then the reply */
export type LogInBySasl = (
  mechanism: SaslMechanism,
  exchange: Omit<SaslExchange, 'nonce'>,
) => Promise<string>;

/** Exchanges of one edge. */
export interface SaslTerms {
  readonly logIn: (session: SMTPServerSession) => LogInBySasl;
  /** Mechanisms that bind to the TLS connection (-PLUS) are offered too. */
  readonly binding: boolean;
}

/** Those of our mechanisms that smtp-server lacks and this connection allows, best first; none before TLS. */
export function listSaslMechanisms(
  connection: SMTPConnection,
  terms: SaslTerms | undefined,
): readonly SaslMechanism[] {
  if (terms === undefined || !connection.secure) return [];
  return listMechanisms(bindingsOf(connection, terms)).filter(({ name }) => name !== 'PLAIN');
}

/** Runs one exchange to its reply. */
export async function converse(
  connection: SMTPConnection,
  { mechanism, initial, done }: SaslCommand,
  terms: SaslTerms,
): Promise<void> {
  let goOn = done;
  const challenge = (bytes: Uint8Array): Promise<Uint8Array> =>
    new Promise((resolve, reject) => {
      connection._nextHandler = (line, next) => {
        goOn = next;
        const text = line.toString('latin1').trim();
        if (text === '*') reject(new SaslProblem('Authentication aborted'));
        else settle(() => decodeResponse(text), resolve, reject);
      };
      connection.send(334, Buffer.from(bytes).toString('base64'));
      goOn();
    });
  try {
    const user = await terms.logIn(connection.session)(mechanism, {
      initial: initial === undefined ? undefined : decodeResponse(initial === '=' ? '' : initial),
      channel: bindingsOf(connection, terms),
      challenge,
    });
    connection.session.user = user;
    connection.session.transmissionType = connection._transmissionType();
    connection.send(235, '2.7.0 Authentication successful');
  } catch (error) {
    const { responseCode = 501, message } = error as Error & { responseCode?: number };
    connection.send(
      responseCode,
      responseCode === 501 ? `5.5.2 ${message.replace(/^5\.5\.2 /, '')}` : message,
    );
  }
  goOn();
}

/** A malformed response as the reply that RFC 4954 §4 wants. */
export function toReplyError(error: unknown): unknown {
  if (!(error instanceof SaslProblem)) return error;
  return new MailError('protocol', error.message, { code: 501, enhanced: '5.5.2' });
}

function settle<T>(work: () => T, resolve: (value: T) => void, reject: (error: unknown) => void): void {
  try {
    resolve(work());
  } catch (error) {
    reject(error);
  }
}

const known = new WeakMap<object, ChannelBindings>();

/** Nothing to bind to where binding is not offered: a client that could have bound must not see an attack in that. */
function bindingsOf(
  { _socket: socket }: SMTPConnection,
  { binding }: SaslTerms,
): ChannelBindings | undefined {
  if (!binding) return undefined;
  const bindings = known.get(socket) ?? readChannelBindings(socket as TLSSocket);
  known.set(socket, bindings);
  return bindings;
}
