/** The way from credentials to the authenticated state, common to LOGIN and AUTHENTICATE. */
import { describeCredential } from '../edge/credential.ts';
import type { LoginOutcome } from '../edge/login-desk.ts';
import { formatCapabilities } from './capabilities.ts';
import type { Completion } from './command.ts';
import { Refusal } from './refusal.ts';
import type { ImapLogin, Session } from './session.ts';

/** @throws {Refusal} PRIVACYREQUIRED before TLS (RFC 3501 §6.2.3, RFC 5530). */
export function requireTls(session: Session): void {
  if (session.link.secure) return;
  throw new Refusal('PRIVACYREQUIRED', 'Passwords are taken under TLS only; use STARTTLS or the imaps port');
}

/**
 * Enters the authenticated state, or answers so that neither text nor time tells what was wrong.
 * @throws {Refusal}
 */
export async function finishLogin(
  session: Session,
  outcome: LoginOutcome<ImapLogin>,
  mechanism: string,
): Promise<Completion> {
  const { facts } = session.link;
  if (outcome.result !== 'ok') {
    const { result: reason, name, delayMs } = outcome;
    session.log.loginFailed({ ...facts, login: name, mechanism, reason });
    await session.link.punish(delayMs);
    if (reason === 'locked')
      throw new Refusal('UNAVAILABLE', 'Too many failed attempts to log in; try again in some minutes');
    throw new Refusal('AUTHENTICATIONFAILED', 'Wrong name or password');
  }
  const { login } = outcome;
  if (!login.rights.read) {
    throw new Refusal('AUTHORIZATIONFAILED', 'This login may not read the mailbox');
  }
  if (!session.link.claimMailbox(login.mailboxId)) {
    throw new Refusal('LIMIT', 'Too many connections to this mailbox; close some programs and try again');
  }
  session.authenticated(login);
  session.link.watchLogin(login);
  session.log.loggedIn({ ...facts, login: login.name, mechanism, ...describeCredential(login) });
  // The capabilities change with the login; saying them here saves the client a round trip.
  return { code: formatCapabilities(session), text: 'Logged in' };
}
