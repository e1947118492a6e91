/**
 * SMTP edges for tests: real servers on loopback, with logins and a receiving point whose behaviour is chosen by
 * the recipient's local part. What the points took is kept, byte for byte.
 */
import { createSecureContext } from 'node:tls';
import { createLoginGuard, type LoginGuard } from '../../src/edge/login-guard.ts';
import { MailError } from '../../src/lib/mail-error.ts';
import type { SmtpAcceptance, SmtpEvent, SmtpLimits, SmtpServer } from '../../src/smtp/edge.ts';
import { createMxServer } from '../../src/smtp/mx.ts';
import { createSubmissionServer } from '../../src/smtp/submission.ts';
import { testAuthority } from './test-tls.ts';

export interface Taken {
  readonly reversePath: string;
  readonly recipients: readonly string[];
  readonly content: string;
  readonly tls: string;
}

export interface TestEdge {
  readonly port: number;
  readonly server: SmtpServer;
  /** Messages the point accepted. */
  readonly taken: Taken[];
  /** Sources that ended with an error, by its text. */
  readonly broken: string[];
  readonly events: SmtpEvent[];
  readonly ca: string;
  close(): Promise<void>;
}

export interface TestEdgeOptions {
  readonly kind: 'submission' | 'submissions' | 'mx';
  readonly limits?: Partial<SmtpLimits>;
  readonly guard?: LoginGuard;
}

const PASSWORD = 'segreta';
const LOGINS = new Map(
  ['mario.rossi@alfa.test', 'anna.bianchi@alfa.test'].map((name) => [
    name,
    { name, rights: { send: true }, senders: [name, `alias.${name}`] },
  ]),
);
LOGINS.set('lettura@alfa.test', {
  name: 'lettura@alfa.test',
  rights: { send: false },
  senders: ['lettura@alfa.test'],
});
/** Its password is taken back as soon as it has logged in. */
const REVOKED = 'revocata@alfa.test';
LOGINS.set(REVOKED, { name: REVOKED, rights: { send: true }, senders: [REVOKED] });

export async function startEdge(options: TestEdgeOptions): Promise<TestEdge> {
  const { kind } = options;
  const taken: Taken[] = [];
  const broken: string[] = [];
  const events: SmtpEvent[] = [];
  const authority = testAuthority();
  const context = createSecureContext(authority.issue(['DNS:localhost', 'IP:127.0.0.1']));
  const limits = { looseEndMs: 30, ...options.limits };
  const common = {
    hostname: 'localhost',
    tls: () => context,
    limits,
    log: (event: SmtpEvent) => events.push(event),
  };
  const receive = (mail: IncomingLike) => takeLikeAPoint(mail, taken, broken);
  const server =
    kind === 'mx'
      ? createMxServer({ ...common, checkRecipient, receive })
      : createSubmissionServer({
          ...common,
          mode: kind === 'submission' ? 'starttls' : 'implicit',
          accounts: {
            authenticate: async (name, password) => (password === PASSWORD ? LOGINS.get(name) : undefined),
            renew: async (login) => (login.name === REVOKED ? undefined : LOGINS.get(login.name)),
          },
          guard: options.guard ?? createLoginGuard(Date.now, { delayMs: 1, longestDelayMs: 1 }),
          accept: receive,
        });
  const { port } = await server.listen(0, '127.0.0.1');
  return { port, server, taken, broken, events, ca: authority.cert, close: () => server.close(0) };
}

async function checkRecipient(recipient: string): Promise<void> {
  if (recipient.endsWith('@altrove.test'))
    throw new MailError('denied', 'Relaying denied', { code: 550, enhanced: '5.7.1' });
  if (recipient.startsWith('ignoto@'))
    throw new MailError('permanent', 'No such mailbox', { code: 550, enhanced: '5.1.1' });
  if (recipient.startsWith('guasto@')) throw new Error('the directory is on fire');
}

interface IncomingLike {
  readonly client: { readonly tls: string };
  readonly reversePath: string;
  readonly recipients: readonly string[];
  readonly source: AsyncIterable<Uint8Array>;
}

async function takeLikeAPoint(mail: IncomingLike, taken: Taken[], broken: string[]): Promise<SmtpAcceptance> {
  const { reversePath, recipients, source, client } = mail;
  const wish = recipients[0]?.split('@')[0];
  if (wish === 'rifiuta.subito') throw new MailError('permanent', 'No', { code: 550, enhanced: '5.7.1' });
  if (wish === 'accetta.subito') return { text: 'taken without reading' };
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of source) {
      if (wish === 'rifiuta.presto')
        throw new MailError('temporary', 'Disco pieno: non è possibile ora', {
          code: 452,
          enhanced: '4.3.1',
        });
      chunks.push(chunk);
    }
  } catch (error) {
    broken.push((error as Error).message);
    if (wish === 'ingoia') return { text: 'taken in spite of the error' };
    throw error;
  }
  if (wish === 'bug') throw new TypeError('undefined is not a function');
  const content = Buffer.concat(chunks).toString('latin1');
  taken.push({ reversePath, recipients, content, tls: client.tls });
  return { text: `taken, ${content.length} bytes` };
}
