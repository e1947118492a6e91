/**
 * The access point's SMTP edge (RFC 6409): submission over TLS from the first byte, or by STARTTLS. It knows
 * logins, paths and bytes, and no PEC rule. What it promises to `accept`: an authenticated login under TLS, a
 * reverse path the login may use, well-formed recipients, and a source that throws unless the whole message came.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { SecureContext } from 'node:tls';
import { describeCredential, type ProvedBy } from '../edge/credential.ts';
import { createLoginDesk, type DeskAccounts, type LoginOutcome } from '../edge/login-desk.ts';
import type { LoginGuard } from '../edge/login-guard.ts';
import { MailError } from '../lib/mail-error.ts';
import { isAddress, normalizeAddress, sameAddress } from '../mime/address.ts';
import type { SaslExchange, SaslMechanism } from '../sasl/mechanisms.ts';
import { SaslProblem } from '../sasl/scram.ts';
import {
  type Credentials,
  createDialogueServer,
  type DialogueMessage,
  type DialogueSession,
} from './dialogue.ts';
import {
  defaultLimits,
  type SmtpAcceptance,
  type SmtpClient,
  type SmtpLimits,
  type SmtpLog,
  type SmtpServer,
} from './edge.ts';

/** What this edge must know of a login; the whole login goes on to `accept`. */
export interface SubmissionLogin extends ProvedBy {
  readonly name: string;
  readonly rights: { readonly send: boolean };
  /** Addresses it may send from. */
  readonly senders: readonly string[];
}

export interface Submission<L extends SubmissionLogin> {
  readonly login: L;
  readonly client: SmtpClient;
  /** One of the login's addresses, domain in lower case; never the null path. */
  readonly reversePath: string;
  /** Each once, in the order of the dialogue, domains in lower case. */
  readonly recipients: readonly string[];
  /** The message as the client has it, dots taken away. Throws MailError when it must not be accepted. */
  readonly source: AsyncIterable<Uint8Array>;
  /** Bytes as the client announced them with SIZE. */
  readonly sizeHint?: number;
}

/**
 * Takes the message and answers for it: when it resolves the client gets `250 2.6.0 <text>`.
 * @throws {MailError} for a refusal in the dialogue; anything else is answered 451 with an id.
 */
export type SubmitMessage<L extends SubmissionLogin> = (submission: Submission<L>) => Promise<SmtpAcceptance>;

export interface SubmissionOptions<L extends SubmissionLogin> {
  /** Name in the greeting: what the certificate is for. */
  readonly hostname: string;
  readonly mode: 'implicit' | 'starttls';
  /** Asked at each handshake, so that a renewed certificate counts at once. */
  readonly tls: () => SecureContext;
  readonly accounts: DeskAccounts<L> & {
    /** The login as it is now; undefined when it or its password was taken back since. */
    renew(login: NoInfer<L>): Promise<NoInfer<L> | undefined>;
  };
  readonly guard: LoginGuard;
  /**
   * Offer SCRAM-SHA-256-PLUS. mutt and neomutt (with GNU SASL, as of 2023) choose it for SMTP, cannot do it and try
   * nothing else, so it is off unless told.
   */
  readonly channelBinding?: boolean;
  readonly accept: SubmitMessage<L>;
  readonly limits?: Partial<SmtpLimits>;
  readonly log: SmtpLog;
}

export function createSubmissionServer<L extends SubmissionLogin>(options: SubmissionOptions<L>): SmtpServer {
  const edge = options.mode === 'implicit' ? 'submissions' : 'submission';
  const limits = { ...defaultLimits, ...options.limits };
  const logins = new Map<string, L>();
  const { hostname, mode, tls, log } = options;

  const desk = createLoginDesk({ accounts: options.accounts, guard: options.guard, scope: 'smtp' });

  function enter(login: L, session: DialogueSession): string {
    logins.set(session.id, login);
    const { address } = session.client;
    const proved = { login: login.name, ...describeCredential(login) };
    log({ event: 'login', edge, session: session.id, address, ...proved });
    return login.name;
  }

  async function logIn({ name, password }: Credentials, session: DialogueSession): Promise<string> {
    const attempt = desk.byPassword(session.client.address, name, password);
    return enter(await requireLogin(options, session, { name, attempt }), session);
  }

  async function logInBySasl(
    mechanism: SaslMechanism,
    exchange: Omit<SaslExchange, 'nonce'>,
    session: DialogueSession,
  ): Promise<string> {
    const attempt = desk.bySasl(session.client.address, mechanism, exchange);
    return enter(await requireLogin(options, session, { name: '', attempt }), session);
  }

  async function takeReversePath(path: string, session: DialogueSession): Promise<void> {
    checkSender(path, await renewed(session.id));
  }

  async function takeRecipient(recipient: string): Promise<void> {
    if (!isAddress(recipient)) throw badRecipient(recipient);
  }

  async function takeMessage(message: DialogueMessage): Promise<SmtpAcceptance> {
    const { client, source, sizeHint } = message;
    return options.accept({
      login: await renewed(message.id),
      client,
      reversePath: normalizeAddress(message.reversePath),
      recipients: message.recipients.map(normalizeAddress),
      source,
      ...(sizeHint === undefined ? {} : { sizeHint }),
    });
  }

  /** A session may be older than a revocation: who it is and what it may do is asked anew for each message. */
  async function renewed(session: string): Promise<L> {
    const before = logins.get(session);
    if (before === undefined) throw authenticationNeeded('Authenticate first');
    const login = await options.accounts.renew(before);
    if (login === undefined) {
      logins.delete(session);
      throw authenticationNeeded(
        'The password or login of this session was changed or taken back; log in again',
      );
    }
    logins.set(session, login);
    return login;
  }

  const closed = (session: string) => {
    logins.delete(session);
  };
  const sasl = desk.hasKeys ? { logInBySasl } : {};
  const decisions = { logIn, ...sasl, takeReversePath, takeRecipient, takeMessage, closed };
  const { channelBinding = false } = options;
  return createDialogueServer({ edge, hostname, mode, tls, limits, log, decisions, channelBinding });
}

/** The login, or a refusal that is the same for every reason but a lock, after the guard's wait. */
async function requireLogin<L extends SubmissionLogin>(
  { log, mode }: SubmissionOptions<L>,
  session: DialogueSession,
  { name, attempt }: { readonly name: string; readonly attempt: Promise<LoginOutcome<L>> },
): Promise<L> {
  const { address } = session.client;
  const edge = mode === 'implicit' ? 'submissions' : 'submission';
  const fail = (login: string, reason: 'credentials' | 'locked' | 'unavailable') =>
    log({ event: 'login-failed', edge, session: session.id, address, login: login.slice(0, 320), reason });
  const outcome = await attempt.catch((error: unknown) => {
    if (!(error instanceof SaslProblem)) fail(name, 'unavailable');
    throw error;
  });
  if (outcome.result === 'ok') return outcome.login;
  fail(outcome.name, outcome.result);
  await delay(outcome.delayMs);
  throw outcome.result === 'locked' ? lockedError() : wrongCredentials();
}

/** The reverse path must be an address of the login; the null path has nobody to answer for it. */
function checkSender(path: string, login: SubmissionLogin): void {
  if (!login.rights.send)
    throw senderError(
      'This login may not send: sending is blocked or not among its rights; it goes on receiving. Ask the provider why',
      550,
    );
  if (path === '')
    throw senderError('A sender address is needed; the null reverse path is not accepted here', 553);
  if (!isAddress(path))
    throw new MailError('protocol', 'Bad sender address', { code: 501, enhanced: '5.1.7' });
  if (!login.senders.some((sender) => sameAddress(sender, path)))
    throw senderError(
      `<${path}> is not an address of ${login.name}; set your account's own address as sender`,
      553,
    );
}

/** RFC 4954 §6: no authentication is in force. */
function authenticationNeeded(text: string): MailError {
  return new MailError('denied', text, { code: 530, enhanced: '5.7.0' });
}

function senderError(text: string, code: 550 | 553): MailError {
  return new MailError('denied', text, { code, enhanced: '5.7.1' });
}

function badRecipient(recipient: string): MailError {
  const text = recipient.includes('@') ? 'Bad recipient address' : 'Write the recipient with its domain';
  return new MailError('protocol', text, { code: 501, enhanced: '5.1.3' });
}

/** RFC 4954 §6. The same for an unknown user and for a wrong password. */
function wrongCredentials(): MailError {
  return new MailError('denied', 'User name or password is wrong', { code: 535, enhanced: '5.7.8' });
}

function lockedError(): MailError {
  const text = 'Too many failed attempts to log in; try again in some minutes';
  return new MailError('temporary', text, { code: 454, enhanced: '4.7.0' });
}
