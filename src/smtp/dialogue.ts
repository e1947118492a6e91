/**
 * Joins an edge's decisions to smtp-server's callbacks: every decision is a promise that resolves or throws,
 * every throw becomes exactly one reply, and what was refused or went wrong is told to the diagnostics.
 */
import type { TLSSocket } from 'node:tls';
import type { SMTPServerAuthentication, SMTPServerSession } from 'smtp-server';
import { plainAddress } from '../edge/admission.ts';
import { MailError } from '../lib/mail-error.ts';
import type { SaslExchange, SaslMechanism } from '../sasl/mechanisms.ts';
import type { SmtpAcceptance, SmtpClient, SmtpEdgeName, SmtpLimits, SmtpLog, SmtpServer } from './edge.ts';
import { type MessageBody, readBody } from './message-body.ts';
import { buildReply, ReplyError } from './reply.ts';
import { type LogInBySasl, toReplyError } from './sasl-dialogue.ts';
import { type StrictEdge, type StrictHandlers, StrictServer } from './strict-server.ts';

export interface DialogueSession {
  readonly id: string;
  readonly client: SmtpClient;
}

export interface DialogueTransaction extends DialogueSession {
  /** Empty for the null path. */
  readonly reversePath: string;
  /** Recipients accepted so far. */
  readonly recipients: readonly string[];
}

export interface DialogueMessage extends DialogueTransaction {
  readonly source: AsyncIterable<Uint8Array>;
  /** What SIZE said, bytes. */
  readonly sizeHint: number | undefined;
}

/** What an edge decides. Each may throw a MailError: that is then the reply. */
export interface DialogueDecisions {
  /** Resolves with a name for the session's user; only where there is AUTH. */
  readonly logIn?: (credentials: Credentials, session: DialogueSession) => Promise<string>;
  /** The same by a SASL exchange; left out where only passwords are taken. @throws {SaslProblem} */
  readonly logInBySasl?: (
    mechanism: SaslMechanism,
    exchange: Omit<SaslExchange, 'nonce'>,
    session: DialogueSession,
  ) => Promise<string>;
  readonly takeReversePath: (path: string, session: DialogueSession) => Promise<void>;
  readonly takeRecipient: (recipient: string, transaction: DialogueTransaction) => Promise<void>;
  readonly takeMessage: (message: DialogueMessage) => Promise<SmtpAcceptance>;
  readonly closed?: (session: string) => void;
}

export interface Credentials {
  readonly name: string;
  readonly password: string;
}

export interface DialogueOptions {
  readonly edge: SmtpEdgeName;
  readonly hostname: string;
  readonly mode: StrictEdge['mode'];
  readonly tls: StrictEdge['tls'];
  readonly limits: SmtpLimits;
  readonly log: SmtpLog;
  readonly decisions: DialogueDecisions;
  /** Offer SASL mechanisms that bind to the TLS connection. */
  readonly channelBinding?: boolean;
}

type At = 'MAIL' | 'RCPT' | 'DATA' | 'SESSION';
type Answer = (error?: Error | null) => void;

/** The server of one edge, not yet listening. */
export function createDialogueServer(options: DialogueOptions): SmtpServer {
  const dialogue = new Dialogue(options);
  const turnedAway: StrictEdge['turnedAway'] = (address, reason) =>
    options.log({ event: 'turned-away', edge: options.edge, session: '', address, reason });
  const { hostname, mode, tls, limits } = options;
  const login = options.decisions.logIn !== undefined;
  const sasl =
    options.decisions.logInBySasl === undefined
      ? {}
      : {
          sasl: {
            logIn: (session: SMTPServerSession) => dialogue.logInBySasl(session),
            binding: options.channelBinding === true,
          },
        };
  const edge = { hostname, mode, tls, limits, login, turnedAway, ...sasl };
  const server = new StrictServer(edge, dialogue.handlers());
  // A client that breaks off a handshake or a message: nothing to do, but an error without listener ends Node.
  server.on('error', (error: Error & { remoteAddress?: string }) => {
    const address = plainAddress(error.remoteAddress ?? '');
    options.log({ event: 'connection-error', edge: options.edge, session: '', address, error });
  });
  return {
    listen: (port, host) => listen(server, port, host),
    close: (graceMs) => server.stop(graceMs),
    get connections() {
      return server.sockets;
    },
  };
}

function listen(server: StrictServer, port: number, host: string): ReturnType<SmtpServer['listen']> {
  return new Promise((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(port, host, () => {
      server.server.off('error', reject);
      const bound = server.server.address();
      if (bound === null || typeof bound === 'string') reject(new Error('not listening on a port'));
      else resolve({ address: bound.address, port: bound.port });
    });
  });
}

class Dialogue {
  readonly #options: DialogueOptions;
  readonly #protocols = new WeakMap<SMTPServerSession, string>();
  readonly #logins = new WeakMap<SMTPServerSession, number>();
  readonly #closed = new WeakSet<SMTPServerSession>();

  constructor(options: DialogueOptions) {
    this.#options = options;
  }

  handlers(): StrictHandlers {
    return {
      onConnect: (session, answer) => {
        this.#log(session, { event: 'connected' });
        answer();
      },
      onSecure: (socket, session, answer) => {
        this.#protocols.set(session, (socket as TLSSocket).getProtocol() ?? '');
        this.#answer('SESSION', session, answer, async () => checkTlsVersion(socket as TLSSocket));
      },
      onAuth: (auth, session, answer) => this.#authenticate(auth, session, answer),
      onMailFrom: (path, session, answer) =>
        this.#answer('MAIL', session, answer, () => this.#takeReversePath(path.address, session)),
      onRcptTo: (path, session, answer) =>
        this.#answer('RCPT', session, answer, () => this.#takeRecipient(path.address, path.args, session)),
      onData: (body, session, answer) => {
        this.#takeMessage(body as MessageBody, session).then(
          (acceptance) => {
            answer(null, `2.6.0 ${acceptance.text}`);
            void this.#tellAnswered(acceptance, session);
          },
          (error) => answer(this.#refuse('DATA', session, error)),
        );
      },
      onClose: (session) => {
        this.#closed.add(session);
        this.#log(session, { event: 'closed' });
        this.#options.decisions.closed?.(session.id);
      },
    };
  }

  #answer(at: At, session: SMTPServerSession, answer: Answer, decide: () => Promise<void>): void {
    decide().then(
      () => answer(),
      (error) => answer(this.#refuse(at, session, error)),
    );
  }

  #refuse(at: At, session: SMTPServerSession, error: unknown): ReplyError {
    const reply = buildReply(error);
    const { code, enhanced, text } = reply;
    if (reply.faultId !== undefined) this.#log(session, { event: 'fault', id: reply.faultId, error });
    else {
      const cause = error instanceof MailError ? error.cause : undefined;
      this.#log(session, {
        event: 'refused',
        at,
        code,
        enhanced,
        text,
        ...(cause === undefined ? {} : { cause }),
      });
    }
    return new ReplyError(reply);
  }

  #authenticate(
    auth: SMTPServerAuthentication,
    session: SMTPServerSession,
    answer: (error: Error | null, response?: { user: string }) => void,
  ): void {
    const work = async (): Promise<string> => {
      this.#countLogin(session);
      const logIn = this.#options.decisions.logIn;
      if (logIn === undefined) throw new Error('AUTH on an edge without logins');
      return logIn(readCredentials(auth), this.#session(session));
    };
    work().then(
      (user) => answer(null, { user }),
      (error) => answer(this.#refuse('SESSION', session, error)),
    );
  }

  /** @throws by what it returns: {ReplyError}, told to the diagnostics */
  logInBySasl(session: SMTPServerSession): LogInBySasl {
    return async (mechanism, exchange) => {
      try {
        this.#countLogin(session);
        const logIn = this.#options.decisions.logInBySasl;
        if (logIn === undefined) throw new Error('SASL on an edge without it');
        return await logIn(mechanism, exchange, this.#session(session));
      } catch (error) {
        throw this.#refuse('SESSION', session, toReplyError(error));
      }
    };
  }

  #countLogin(session: SMTPServerSession): void {
    const tries = (this.#logins.get(session) ?? 0) + 1;
    this.#logins.set(session, tries);
    if (tries > this.#options.limits.logins) throw tooManyLogins();
  }

  async #takeReversePath(path: string, session: SMTPServerSession): Promise<void> {
    checkAscii(path);
    await this.#options.decisions.takeReversePath(path, this.#session(session));
  }

  async #takeRecipient(path: string, args: object | false, session: SMTPServerSession): Promise<void> {
    const [parameter] = Object.keys(args || {});
    if (parameter !== undefined) throw unknownParameter(parameter);
    checkAscii(path);
    await this.#options.decisions.takeRecipient(path, this.#transaction(session));
  }

  async #takeMessage(body: MessageBody, session: SMTPServerSession): Promise<SmtpAcceptance> {
    const transaction = this.#transaction(session);
    const source = readBody(body);
    try {
      const sizeHint = declaredSize(session);
      const acceptance = await this.#options.decisions.takeMessage({ ...transaction, source, sizeHint });
      // Accepting what was not read to its end would accept a message that may be bad or cut off.
      if (body.fault !== undefined) throw body.fault;
      if (!body.complete || !body.readableEnded)
        throw new Error('message accepted before all of it was read');
      const { reversePath, recipients } = transaction;
      const bytes = body.byteLength;
      this.#log(session, {
        event: 'message',
        reversePath,
        recipients: recipients.length,
        bytes,
        text: acceptance.text,
      });
      return acceptance;
    } finally {
      // The reply waits for the final dot, so what is left is passed over first.
      void source.return(undefined);
      body.resume();
      await body.finished;
    }
  }

  /** A client whose connection is gone has no answer, whatever was written: it will come again. */
  async #tellAnswered({ answered }: SmtpAcceptance, session: SMTPServerSession): Promise<void> {
    if (answered === undefined || this.#closed.has(session)) return;
    try {
      await answered();
    } catch (error) {
      this.#log(session, { event: 'fault', id: '', error });
    }
  }

  #session(session: SMTPServerSession): DialogueSession {
    const address = plainAddress(session.remoteAddress);
    const tls = session.secure ? this.#describeTls(session) : '';
    return { id: session.id, client: { address, helo: session.hostNameAppearsAs || '', tls } };
  }

  #describeTls(session: SMTPServerSession): string {
    const cipher = session.tlsOptions === false ? '' : session.tlsOptions.name;
    return `${this.#protocols.get(session) ?? ''} ${cipher}`.trim();
  }

  #transaction(session: SMTPServerSession): DialogueTransaction {
    const { mailFrom, rcptTo } = session.envelope;
    const reversePath = mailFrom === false ? '' : mailFrom.address;
    return { ...this.#session(session), reversePath, recipients: rcptTo.map((path) => path.address) };
  }

  #log(session: SMTPServerSession, event: LooseEvent): void {
    const { edge, log } = this.#options;
    log({ edge, session: session.id, address: plainAddress(session.remoteAddress), ...event });
  }
}

type WithoutSession<T> = T extends unknown ? Omit<T, 'edge' | 'session' | 'address'> : never;
type LooseEvent = WithoutSession<Parameters<SmtpLog>[0]>;

function declaredSize(session: SMTPServerSession): number | undefined {
  const { mailFrom } = session.envelope;
  const size = mailFrom === false || mailFrom.args === false ? undefined : mailFrom.args.SIZE;
  return typeof size === 'string' ? Number(size) : undefined;
}

/** RFC 4616: acting for somebody else (authzid) is not offered; the same name twice is no harm. */
function readCredentials(auth: SMTPServerAuthentication): Credentials {
  const name = auth.username ?? '';
  if (auth.authzid && auth.authcid && auth.authzid !== auth.authcid)
    throw new MailError('denied', 'Logging in for another user is not supported', {
      code: 535,
      enhanced: '5.7.8',
    });
  return { name, password: auth.password ?? '' };
}

/** TLS 1.2 is the least, whatever the context allows. */
function checkTlsVersion(socket: TLSSocket): void {
  const version = socket.getProtocol();
  if (version === 'TLSv1.2' || version === 'TLSv1.3') return;
  throw new MailError('denied', 'TLS 1.2 or newer is needed', { code: 554, enhanced: '5.7.0' });
}

/** RFC 6531 §3.5: addresses outside ASCII need SMTPUTF8, which is not offered. */
function checkAscii(path: string): void {
  if (/^[\x20-\x7e]*$/.test(path)) return;
  const text = 'Addresses must be ASCII here (write the domain in its xn-- form)';
  throw new MailError('protocol', text, { code: 553, enhanced: '5.6.7' });
}

function unknownParameter(name: string): MailError {
  return new MailError('protocol', `RCPT parameter ${name} is not supported`, {
    code: 555,
    enhanced: '5.5.4',
  });
}

function tooManyLogins(): MailError {
  return new MailError('denied', 'Too many attempts to log in', { code: 421, enhanced: '4.7.0' });
}
