/** Programs that poll a mailbox and empty it: fetchmail, getmail. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openScene, storedMessages } from '../support/imap-interop.ts';
import { readMessage } from '../support/imap-transcript.ts';

const pec = readMessage('pec.eml').toString('latin1').replaceAll('\r', '');
const signedPart = pec.slice(pec.indexOf('\n\n'));

test('fetchmail takes all messages, byte for byte but for its own fields', async (t) => {
  const { server, home, caFile, user, password, run, write } = await openScene(t);
  const config = write(
    'fetchmailrc',
    `poll localhost service ${server.port} protocol IMAP auth password
  user "${user}" password "${password}"
  ssl sslcertck sslcertfile "${caFile}" sslproto "TLS1.2+"
  fetchall no keep no rewrite
  mda "cat > ${home}/%T.$$.eml"
`,
  );
  await run('fetchmail', ['-f', config, '--nosyslog', '-v']);
  const taken = readdirSync(home).filter((file) => file.endsWith('.eml'));
  assert.equal(taken.length, 3);
  const bodies = taken.map((file) => readFileSync(join(home, file), 'latin1').replaceAll('\r', ''));
  assert.ok(
    bodies.some((each) => each.includes(signedPart)),
    'the signed part came through unchanged',
  );
  assert.deepEqual(await storedMessages(server, 'INBOX'), []);
});

test('getmail takes all messages once', async (t) => {
  const { server, home, caFile, user, password, run, write } = await openScene(t);
  const folder = join(home, 'taken');
  mkdirSync(folder);
  write(
    'getmailrc',
    `[retriever]
type = SimpleIMAPSSLRetriever
server = localhost
port = ${server.port}
username = ${user}
password = ${password}
ca_certs = ${caFile}
mailboxes = ("INBOX",)

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
  const files = readdirSync(folder);
  assert.equal(files.length, 3);
  // It writes the parts anew on its way; what they hold is compared.
  const taken = files.map((file) => readFileSync(join(folder, file), 'latin1'));
  assert.equal(taken.filter((each) => each.includes('\nPHBvc3RhY2VydC8+Cg==\n')).length, 1);
});
