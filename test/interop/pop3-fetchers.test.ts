/** Programs that take mail away by POP3: fetchmail, getmail, mpop, curl, Python's poplib. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openHome } from '../support/imap-interop.ts';
import { readMessage } from '../support/imap-transcript.ts';
import { addresses, type Pop3TestOptions, password, startPop3Server } from '../support/pop3-server.ts';

const user = addresses[0];
const files = ['note.eml', 'pec.eml', 'html.eml'];
const dots = Buffer.from('From: a@b.it\r\nSubject: punti\r\n\r\n.\r\n..\r\n.fine\r\n');
const messages = [...files.map(readMessage), dots];
const withoutReturns = (bytes: Buffer) => bytes.toString('latin1').replaceAll('\r', '');
const signedPart = withoutReturns(readMessage('pec.eml')).replace(/^.*?\n\n/s, '\n\n');

/** A server with {@link messages} in the inbox, and a home for programs. */
async function openScene(t: TestContext, options: Pop3TestOptions = {}) {
  // As a provider offers it unless told otherwise.
  const server = await startPop3Server({ scramIterations: 10_000, ...options });
  t.after(() => server.close());
  for (const message of messages) await server.deliver(message);
  const left = async () => {
    const inbox = await server.store.findFolder(server.mailboxIds[0] as number, 'INBOX');
    return (await server.store.uids(inbox?.id ?? 0)).length;
  };
  return { ...openHome(t, server.ca), port: server.port, left };
}

for (const mode of ['pop3s', 'pop3'] as const) {
  test(`fetchmail takes all messages and empties the mailbox (${mode})`, async (t) => {
    const { port, home, caFile, run, write, left } = await openScene(t, { mode });
    const config = write(
      'fetchmailrc',
      `poll localhost service ${port} protocol POP3 uidl auth password
  user "${user}" password "${password}"
  ${mode === 'pop3s' ? 'ssl sslproto "TLS1.2+"' : 'sslproto "TLS1.2+"'} sslcertck sslcertfile "${caFile}"
  fetchall no keep no rewrite
  mda "cat > ${home}/%T.$$.eml"
`,
    );
    await run('fetchmail', ['-f', config, '--nosyslog', '-v']);
    const taken = readdirSync(home).filter((file) => file.endsWith('.eml'));
    assert.equal(taken.length, messages.length);
    const texts = taken.map((file) => withoutReturns(readFileSync(join(home, file))));
    assert.ok(
      texts.some((text) => text.includes(signedPart)),
      'the signed part came through unchanged',
    );
    assert.ok(texts.some((text) => text.endsWith('\n\n.\n..\n.fine\n')));
    assert.equal(await left(), 0);
  });
}

test('getmail takes each message once, and leaves them there', async (t) => {
  const { port, home, caFile, run, write, left } = await openScene(t);
  const folder = join(home, 'taken');
  mkdirSync(folder);
  write(
    'getmailrc',
    `[retriever]
type = SimplePOP3SSLRetriever
server = localhost
port = ${port}
username = ${user}
password = ${password}
ca_certs = ${caFile}

[destination]
type = MDA_external
path = /bin/sh
arguments = ("-c", "cat > $(mktemp ${folder}/XXXXXX)")
allow_root_commands = true
unixfrom = false

[options]
read_all = false
delete = false
delivered_to = false
received = false
`,
  );
  const get = () => run('getmail', ['--getmaildir', home, '--rcfile', 'getmailrc']);
  await get();
  await get();
  assert.equal(readdirSync(folder).length, messages.length);
  assert.equal(await left(), messages.length);
});

for (const auth of ['user', 'plain', 'scram-sha-256']) {
  test(`mpop takes all messages, logged in by ${auth}`, async (t) => {
    const { port, home, caFile, run, write, left } = await openScene(t);
    const folder = join(home, 'posta');
    for (const name of ['', 'cur', 'new', 'tmp']) mkdirSync(join(folder, name));
    const config = write(
      'mpoprc',
      `account default
host localhost
port ${port}
tls on
tls_starttls off
tls_trust_file ${caFile}
auth ${auth}
user ${user}
password ${password}
delivery maildir ${folder}
received_header off
uidls_file ${home}/uidls
keep off
`,
    );
    await run('mpop', ['-C', config, '--debug']);
    const taken = readdirSync(join(folder, 'new')).map((file) =>
      withoutReturns(readFileSync(join(folder, 'new', file))),
    );
    assert.deepEqual(taken.sort(), messages.map(withoutReturns).sort());
    assert.equal(await left(), 0);
  });
}

test('curl lists, reads and deletes', async (t) => {
  const { port, caFile, run, left } = await openScene(t);
  const base = `pop3s://localhost:${port}/`;
  const options = ['--silent', '--show-error', '--cacert', caFile, '--user', `${user}:${password}`];
  const listed = await run('curl', [...options, base]);
  const sizes = messages.map((message, index) => `${index + 1} ${message.length}`);
  assert.deepEqual(listed.trim().split('\r\n'), sizes);
  assert.equal(await run('curl', [...options, `${base}2`]), messages[1]?.toString('latin1'));
  await run('curl', [...options, '--request', 'DELE', '--list-only', `${base}1`]);
  assert.equal(await left(), messages.length - 1);
});

const script = `
import poplib, ssl, sys
mode, port, ca, user, password = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
def connect():
    if mode == 'pop3s':
        return poplib.POP3_SSL('localhost', int(port), context=context)
    box = poplib.POP3('localhost', int(port))
    try:
        box.user(user)
        sys.exit('a name was taken without TLS')
    except poplib.error_proto as error:
        assert b'STLS' in error.args[0], error
    box.stls(context)
    return box
box = connect()
assert 'UIDL' in box.capa() and 'PLAIN' in box.capa()['SASL'], box.capa()
assert box.utf8().startswith(b'+OK')
box.user(user)
try:
    box.pass_('sbagliata')
    sys.exit('a wrong password was taken')
except poplib.error_proto as error:
    assert b'[AUTH]' in error.args[0], error
box.user(user)
box.pass_(password)
count, size = box.stat()
assert count == 4, count
assert sum(int(line.split()[1]) for line in box.list()[1]) == size
for number in range(1, count + 1):
    answer, lines, octets = box.retr(number)
    text = b''.join(line + b'\\r\\n' for line in lines)
    assert len(text) == int(box.list(number).split()[2]), number
    top = box.top(number, 1)[1]
    assert lines[:len(top)] == top
assert box.retr(4)[1][-3:] == [b'.', b'..', b'.fine']
names = [line.split()[1] for line in box.uidl()[1]]
assert len(set(names)) == 4
second = connect()
second.user(user)
try:
    second.pass_(password)
    sys.exit('two sessions at once')
except poplib.error_proto as error:
    assert b'[IN-USE]' in error.args[0], error
second.quit()
box.dele(1)
box.rset()
box.dele(2)
box.close()
box = connect()
box.user(user)
box.pass_(password)
assert box.stat()[0] == 4, 'a lost connection deletes nothing'
box.dele(2)
assert box.noop().startswith(b'+OK')
box.quit()
box = connect()
box.user(user)
box.pass_(password)
assert [line.split()[1] for line in box.uidl()[1]] == [names[0], names[2], names[3]]
box.quit()
print('fatto')
`;

for (const mode of ['pop3s', 'pop3'] as const) {
  test(`Python's poplib does all it can (${mode})`, async (t) => {
    const { port, caFile, run, write, left } = await openScene(t, { mode });
    const file = write('poplib-test.py', script);
    assert.match(await run('python3', [file, mode, `${port}`, caFile, user, password]), /fatto/);
    assert.equal(await left(), 3);
  });
}
