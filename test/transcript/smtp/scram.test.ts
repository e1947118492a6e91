/** SCRAM by SMTP AUTH (RFC 4954, RFC 5802), bound to the TLS connection and not. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createSecureContext, type TLSSocket } from 'node:tls';
import { createLoginGuard } from '../../../src/edge/login-guard.ts';
import { deriveScramKeys } from '../../../src/sasl/scram.ts';
import type { SmtpEvent } from '../../../src/smtp/edge.ts';
import { createSubmissionServer } from '../../../src/smtp/submission.ts';
import { ImapTestClient } from '../../support/imap-client.ts';
import { bindingOf, ScramClient, type ScramWishes } from '../../support/scram-client.ts';
import { testAuthority } from '../../support/test-tls.ts';

const name = 'mario.rossi@alfa.test';
const password = 'segreta';
const base64 = (text: string) => Buffer.from(text).toString('base64');

async function start(t: TestContext, channelBinding = true) {
  const keys = await deriveScramKeys(password, { salt: Buffer.from('sale'), iterations: 100 });
  const login = { name, rights: { send: true }, senders: [name] };
  const authority = testAuthority();
  const context = createSecureContext(authority.issue(['DNS:localhost', 'IP:127.0.0.1']));
  const events: SmtpEvent[] = [];
  const server = createSubmissionServer({
    hostname: 'localhost',
    mode: 'implicit',
    tls: () => context,
    accounts: {
      authenticate: async () => undefined,
      renew: async () => login,
      offerKeys: async (wanted) => ({ keys, accept: async () => (wanted === name ? login : undefined) }),
    },
    guard: createLoginGuard(Date.now, { delayMs: 0 }),
    channelBinding,
    accept: async ({ source }) => {
      for await (const chunk of source) assert.ok(chunk);
      return { text: 'taken' };
    },
    log: (event) => events.push(event),
  });
  const { port } = await server.listen(0, '127.0.0.1');
  t.after(() => server.close(0));
  const connect = async () => {
    const client = ImapTestClient.connect({ port, ca: authority.cert }, true);
    t.after(() => client.destroy());
    await client.readLine();
    client.write('EHLO client.test\r\n');
    const lines: string[] = [];
    do lines.push(await client.readLine());
    while (lines.at(-1)?.startsWith('250-'));
    const plus = channelBinding ? 'SCRAM-SHA-256-PLUS ' : '';
    assert.equal(lines.at(-1), `250 AUTH ${plus}SCRAM-SHA-256 PLAIN LOGIN`);
    return client;
  };
  return { connect, events };
}

async function exchange(
  client: ImapTestClient,
  mechanism: string,
  wishes: Partial<ScramWishes>,
): Promise<string> {
  const scram = new ScramClient({ name, password, ...wishes });
  client.write(`AUTH ${mechanism}\r\n`);
  assert.equal(await client.readLine(), '334 ');
  client.write(`${base64(scram.first)}\r\n`);
  const first = await client.readLine();
  if (!first.startsWith('334 ')) return first;
  client.write(`${base64(scram.answer(Buffer.from(first.slice(4), 'base64').toString()))}\r\n`);
  const final = await client.readLine();
  if (!final.startsWith('334 ')) return final;
  scram.checkServer(Buffer.from(final.slice(4), 'base64').toString());
  client.write('\r\n');
  return client.readLine();
}

test('SMTP takes SCRAM-SHA-256 and -PLUS, and mail after it', async (t) => {
  const { connect, events } = await start(t);
  const client = await connect();
  assert.equal(
    await exchange(client, 'SCRAM-SHA-256', { password: 'sbagliata' }),
    '535 5.7.8 User name or password is wrong',
  );
  client.write('AUTH SCRAM-SHA-256\r\n*\r\n');
  assert.equal(await client.readLine(), '334 ');
  assert.equal(await client.readLine(), '501 5.5.2 Authentication aborted');
  client.write('AUTH SCRAM-SHA-256 !\r\n');
  assert.equal(await client.readLine(), '501 5.5.2 Base64 is expected');
  assert.match(
    await exchange(client, 'SCRAM-SHA-256', { header: 'y,,' }),
    /^501 5\.5\.2 Channel binding is offered/,
  );
  assert.match(await exchange(client, 'SCRAM-SHA-256', {}), /^235 2\.7\.0/);
  client.write('AUTH SCRAM-SHA-256 =\r\n');
  assert.match(await client.readLine(), /^503 5\.5\.1/);
  client.write(`MAIL FROM:<${name}>\r\nRCPT TO:<anna@beta.test>\r\nDATA\r\n`);
  for (const code of ['250', '250', '354']) assert.ok((await client.readLine()).startsWith(code));
  client.write('Subject: x\r\n\r\nciao\r\n.\r\n');
  assert.equal(await client.readLine(), '250 2.6.0 taken');
  assert.deepEqual(
    events.filter(({ event }) => event.startsWith('login')).map(({ event }) => event),
    ['login-failed', 'login'],
  );
});

test('the login is bound to the connection', async (t) => {
  const { connect } = await start(t);
  for (const type of ['tls-exporter', 'tls-server-end-point']) {
    const client = await connect();
    const channel = bindingOf(client.socket as TLSSocket, type);
    const wishes = { header: `p=${type},,`, channel };
    const elsewhere = { ...wishes, channel: channel.map((byte) => byte ^ 1) };
    assert.match(await exchange(client, 'SCRAM-SHA-256-PLUS', elsewhere), /^501 5\.5\.2 The channel binding/);
    assert.match(await exchange(client, 'SCRAM-SHA-256-PLUS', wishes), /^235 /);
  }
});

test('where binding is not offered a client that could bind sees no attack', async (t) => {
  const { connect } = await start(t, false);
  const client = await connect();
  client.write('AUTH SCRAM-SHA-256-PLUS\r\n');
  assert.match(await client.readLine(), /^504 /);
  assert.match(await exchange(client, 'SCRAM-SHA-256', { header: 'y,,' }), /^235 /);
});
