/** Mail programs as people and offices use them, against the submission ports: what they send is what is taken. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { makeFolder } from '../support/folder.ts';
import { startEdge, type TestEdge } from '../support/smtp-edges.ts';

const USER = 'mario.rossi@alfa.test';
const PASSWORD = 'segreta';
const CONTENT = `From: ${USER}\r\nTo: anna@beta.test\r\nSubject: prova\r\n\r\n.punto\r\n..\r\nfine\r\n`;

interface Scene {
  readonly edge: TestEdge;
  readonly folder: string;
  readonly caFile: string;
}

async function openScene(t: TestContext, kind: 'submission' | 'submissions'): Promise<Scene> {
  const folder = makeFolder(t);
  const edge = await startEdge({ kind });
  t.after(() => edge.close());
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, edge.ca);
  return { edge, folder, caFile };
}

/** Runs a program; resolves with all it wrote and how it ended. */
function run(
  command: string,
  args: readonly string[],
  input = '',
): Promise<{ output: string; code: number | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'pipe' });
    let output = '';
    child.stdout.on('data', (data) => {
      output += data;
    });
    child.stderr.on('data', (data) => {
      output += data;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ output, code }));
    child.stdin.end(input, 'latin1');
  });
}

function expectTaken({ edge }: Scene, content: string | RegExp): void {
  assert.equal(edge.taken.length, 1);
  const [taken] = edge.taken;
  assert.equal(taken?.reversePath, USER);
  assert.deepEqual(taken.recipients, ['anna@beta.test']);
  assert.match(taken.tls, /^TLSv1\.[23] /);
  if (typeof content === 'string') assert.equal(taken.content, content);
  else assert.match(taken.content, content);
}

for (const [kind, option] of [
  ['submission', '--tls'],
  ['submissions', '--tlsc'],
] as const)
  for (const mechanism of ['PLAIN', 'LOGIN'])
    test(`swaks on the ${kind} port with AUTH ${mechanism}`, async (t) => {
      const scene = await openScene(t, kind);
      const { output, code } = await run('swaks', [
        ...['--server', `localhost:${scene.edge.port}`, option, '--auth', mechanism, '--au', USER],
        ...['--ap', PASSWORD, '--from', USER, '--to', 'anna@beta.test', '--pipeline', '--body', '.punto'],
      ]);
      assert.equal(code, 0, output);
      expectTaken(scene, /\r\n\r\n\.punto\r\n/);
    });

test('swaks reads why its sender is refused', async (t) => {
  const { edge } = await openScene(t, 'submissions');
  const { output, code } = await run('swaks', [
    ...['--server', `localhost:${edge.port}`, '--tlsc', '--auth', 'PLAIN', '--au', USER, '--ap', PASSWORD],
    ...['--from', 'altro@alfa.test', '--to', 'anna@beta.test'],
  ]);
  assert.equal(code, 23, output);
  assert.match(output, /553 5\.7\.1 <altro@alfa\.test> is not an address of/);
  assert.deepEqual(edge.taken, []);
});

test('curl over implicit TLS, byte for byte', async (t) => {
  const scene = await openScene(t, 'submissions');
  const file = join(scene.folder, 'message.eml');
  writeFileSync(file, CONTENT);
  const { output, code } = await run('curl', [
    ...[
      '-sS',
      '--cacert',
      scene.caFile,
      `smtps://localhost:${scene.edge.port}`,
      '--user',
      `${USER}:${PASSWORD}`,
    ],
    ...['--mail-from', USER, '--mail-rcpt', 'anna@beta.test', '-T', file],
  ]);
  assert.equal(code, 0, output);
  expectTaken(scene, CONTENT);
});

test('msmtp over STARTTLS', async (t) => {
  const scene = await openScene(t, 'submission');
  const file = join(scene.folder, 'msmtprc');
  const lines = [
    ...['account x', 'host localhost', `port ${scene.edge.port}`, 'tls on', 'tls_starttls on'],
    ...[
      `tls_trust_file ${scene.caFile}`,
      'auth plain',
      `user ${USER}`,
      `password ${PASSWORD}`,
      `from ${USER}`,
    ],
    'account default: x',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  const { output, code } = await run(
    'msmtp',
    ['-C', file, 'anna@beta.test'],
    CONTENT.replaceAll('\r\n', '\n'),
  );
  assert.equal(code, 0, output);
  assert.ok(scene.edge.taken[0]?.content.endsWith(CONTENT.slice(CONTENT.indexOf('Subject'))));
});

const PYTHON = `
import smtplib, ssl, sys
port, ca, content = int(sys.argv[1]), sys.argv[2], sys.stdin.buffer.read()
s = smtplib.SMTP('localhost', port)
s.ehlo()
assert not s.has_extn('auth'), 'AUTH before TLS'
s.starttls(context=ssl.create_default_context(cafile=ca))
s.login('${USER}', '${PASSWORD}')
assert s.has_extn('8bitmime') and not s.has_extn('smtputf8') and not s.has_extn('chunking')
print(s.sendmail('${USER}', ['anna@beta.test'], content, ['BODY=8BITMIME']))
try:
    s.sendmail('${USER}', ['caff\\u00e8@beta.test'], content)
except (smtplib.SMTPRecipientsRefused, UnicodeEncodeError, smtplib.SMTPNotSupportedError) as e:
    print('refused')
s.quit()
`;

test('smtplib of Python over STARTTLS', async (t) => {
  const scene = await openScene(t, 'submission');
  const args = ['-c', PYTHON, String(scene.edge.port), scene.caFile];
  const { output, code } = await run('python3', args, CONTENT);
  assert.equal(code, 0, output);
  assert.equal(output, '{}\nrefused\n');
  expectTaken(scene, CONTENT);
});

test('openssl s_client, typed by hand', async (t) => {
  const scene = await openScene(t, 'submissions');
  const token = Buffer.from(`\0${USER}\0${PASSWORD}`).toString('base64');
  const body = CONTENT.replace(/^\./gm, '..').replaceAll('\r\n', '\n');
  // What is typed once the server's answer so far ends like this.
  const steps: [RegExp, string][] = [
    [/220 localhost ESMTP\r\n$/, 'EHLO client.test\n'],
    [/250 AUTH PLAIN LOGIN\r\n$/, `AUTH PLAIN ${token}\n`],
    [/235 2\.7\.0 [^\n]*\n$/, `MAIL FROM:<${USER}>\nRCPT TO:<anna@beta.test>\nDATA\n`],
    [/354 [^\n]*\n$/, `${body}.\n`],
    [/250 2\.6\.0 taken[^\n]*\n$/, 'QUIT\n'],
  ];
  const address = `localhost:${scene.edge.port}`;
  const child = spawn('openssl', [
    's_client',
    '-quiet',
    '-crlf',
    '-connect',
    address,
    '-CAfile',
    scene.caFile,
  ]);
  let output = '';
  for await (const data of child.stdout) {
    output += data;
    if (steps[0]?.[0].test(output)) child.stdin.write(steps.shift()?.[1] ?? '');
  }
  assert.deepEqual(steps, [], output);
  expectTaken(scene, CONTENT);
});
