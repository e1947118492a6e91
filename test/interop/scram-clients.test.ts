/** SCRAM-SHA-256 and -PLUS as other people wrote them: GNU SASL (gsasl, msmtp) and Cyrus SASL (mbsync). */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { createLoginGuard } from '../../src/edge/login-guard.ts';
import type { ImapLog } from '../../src/imap/log.ts';
import { silentLog } from '../../src/imap/log.ts';
import { createSubmissionServer } from '../../src/smtp/submission.ts';
import { openHome } from '../support/imap-interop.ts';
import { addresses, type ImapTestServer, password, startImapServer } from '../support/imap-server.ts';
import { deliver, readMessage } from '../support/imap-transcript.ts';
import { testAuthority } from '../support/test-tls.ts';

const user = addresses[0];

/** An IMAP server that says by which mechanism the last login came. */
async function openImap(t: TestContext, mode: 'imap' | 'imaps') {
  const logins: string[] = [];
  const log: ImapLog = { ...silentLog, loggedIn: ({ mechanism }) => void logins.push(mechanism) };
  const server = await startImapServer({ mode, log, scramIterations: 4096 });
  t.after(() => server.close());
  return { server, logins, ...openHome(t, server.ca) };
}

/** The submission edge over the same accounts. */
async function openSubmission(t: TestContext, { accounts }: ImapTestServer) {
  const authority = testAuthority();
  const context = createSecureContext(authority.issue(['DNS:localhost', 'IP:127.0.0.1']));
  const events: string[] = [];
  const server = createSubmissionServer({
    hostname: 'localhost',
    mode: 'starttls',
    tls: () => context,
    accounts,
    guard: createLoginGuard(Date.now, { delayMs: 0 }),
    channelBinding: true,
    accept: async ({ source }) => {
      for await (const chunk of source) assert.ok(chunk);
      return { text: 'taken' };
    },
    log: ({ event }) => events.push(event),
  });
  const { port } = await server.listen(0, '127.0.0.1');
  t.after(() => server.close(0));
  return { port, events };
}

const gsasl = (port: number, caFile: string, more: readonly string[]) => [
  ...['--connect', `localhost:${port}`, '--starttls', '--x509-ca-file', caFile, '--quiet'],
  ...['--authentication-id', user, '--authorization-id', '', ...more],
];

for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS']) {
  test(`gsasl logs in to IMAP and SMTP by ${mechanism}, and not with a wrong password`, async (t) => {
    const { server, logins, caFile, run } = await openImap(t, 'imap');
    const smtp = await openSubmission(t, server);
    const choice = ['--mechanism', mechanism, ...(mechanism.endsWith('PLUS') ? [] : ['--no-cb'])];
    const by = (port: number, protocol: string, secret: string) =>
      run('gsasl', gsasl(port, caFile, [protocol, ...choice, '--password', secret]));
    await by(server.port, '--imap', password);
    assert.deepEqual(logins, [mechanism]);
    await assert.rejects(by(server.port, '--imap', 'sbagliata'));
    await by(smtp.port, '--smtp', password);
    await assert.rejects(by(smtp.port, '--smtp', 'sbagliata'));
    assert.deepEqual(
      smtp.events.filter((event) => event.startsWith('login')),
      ['login', 'login-failed'],
    );
  });
}

test('msmtp sends by SCRAM-SHA-256', async (t) => {
  const { server, home, caFile, run, write } = await openImap(t, 'imap');
  const { port, events } = await openSubmission(t, server);
  const config = write(
    'msmtprc',
    `account default
host localhost
port ${port}
tls on
tls_starttls on
tls_trust_file ${caFile}
auth scram-sha-256
user ${user}
password ${password}
from ${user}
`,
  );
  await run(
    'msmtp',
    ['-C', config, '--logfile', join(home, 'log'), 'anna@beta.test'],
    'Subject: x\n\nciao\n',
  );
  assert.ok(events.includes('message'));
});

test('mbsync fetches by SCRAM-SHA-256', async (t) => {
  const { server, logins, home, caFile, run, write } = await openImap(t, 'imaps');
  await deliver(server, 'INBOX', readMessage('note.eml'));
  const mail = join(home, 'posta');
  mkdirSync(mail);
  const config = write(
    'mbsyncrc',
    `IMAPAccount pec
Host localhost
Port ${server.port}
User ${user}
Pass "${password}"
AuthMechs SCRAM-SHA-256
SSLType IMAPS
CertificateFile ${caFile}

IMAPStore remote
Account pec

MaildirStore local
Path ${mail}/
Inbox ${mail}/INBOX
SubFolders Verbatim

Channel pec
Far :remote:
Near :local:
Create Near
SyncState *
`,
  );
  await run('mbsync', ['-c', config, '-a', '-q']);
  assert.deepEqual(logins, ['SCRAM-SHA-256']);
  assert.equal(readdirSync(join(mail, 'INBOX', 'new')).length, 1);
});
