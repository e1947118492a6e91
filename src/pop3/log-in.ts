/** The way from credentials to the transaction state, common to PASS and AUTH. */
import { describeCredential } from '../edge/credential.ts';
import type { LoginOutcome } from '../edge/login-desk.ts';
import { Refusal } from './refusal.ts';
import type { Pop3Login, Session } from './session.ts';

/** @throws {Refusal} before TLS (RFC 8314 §4.1). */
export function requireTls(session: Session): void {
  if (session.link.secure) return;
  throw new Refusal(undefined, {
    en: 'Passwords are taken under TLS only; use STLS or the pop3s port',
    it: 'Le password si accettano solo sotto TLS; usare STLS o la porta pop3s',
  });
}

/**
 * Opens the maildrop and enters the transaction state, or answers so that neither text nor time tells what was wrong.
 * @throws {Refusal}
 */
export async function finishLogin(
  session: Session,
  outcome: LoginOutcome<Pop3Login>,
  mechanism: string,
): Promise<void> {
  const { facts } = session.link;
  if (outcome.result !== 'ok') {
    const { result: reason, name, delayMs } = outcome;
    session.log.loginFailed({ ...facts, login: name, mechanism, reason });
    await session.link.punish(delayMs);
    throw reason === 'locked' ? locked() : wrongCredentials();
  }
  const { login } = outcome;
  if (!login.rights.read) throw mayNotRead();
  const maildrop = await session.maildrops.open(login.mailboxId);
  session.log.loggedIn({ ...facts, login: login.name, mechanism, ...describeCredential(login) });
  if (maildrop === undefined) throw inUse();
  session.enter(login, maildrop);
  const { length } = maildrop.messages;
  session.ok({ en: `${length} messages in the maildrop`, it: `${length} messaggi nella casella` });
}

/** RFC 3206 §4: AUTH tells a program to ask for the password anew. */
function wrongCredentials(): Refusal {
  return new Refusal('AUTH', {
    en: 'User name or password is wrong',
    it: 'Nome utente o password non corretti',
  });
}

function locked(): Refusal {
  return new Refusal('SYS/TEMP', {
    en: 'Too many failed attempts to log in; try again in some minutes',
    it: 'Troppi tentativi di accesso falliti; riprovare tra qualche minuto',
  });
}

function mayNotRead(): Refusal {
  return new Refusal('SYS/PERM', {
    en: 'This login may not read the mailbox',
    it: 'Questo accesso non può leggere la casella',
  });
}

function inUse(): Refusal {
  return new Refusal('IN-USE', {
    en: 'Another POP3 session has this mailbox; try again when it has ended',
    it: "Un'altra sessione POP3 usa questa casella; riprovare quando è finita",
  });
}
