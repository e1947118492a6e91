/** SCRAM over the wire, by POP3 and by IMAP, bound to the TLS connection and not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { ImapTestClient } from '../../support/imap-client.ts';
import { startImapServer } from '../../support/imap-server.ts';
import { addresses, password, startPop3Server } from '../../support/pop3-server.ts';
import { bindingOf, ScramClient, type ScramWishes } from '../../support/scram-client.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** Speaks the exchange after AUTH or AUTHENTICATE; the server's last line. */
async function exchange(
  client: ImapTestClient,
  command: string,
  wishes: Partial<ScramWishes>,
): Promise<string> {
  const scram = new ScramClient({ name: addresses[0], password, ...wishes });
  client.write(`${command} ${base64(scram.first)}\r\n`);
  const first = await client.readLine();
  if (!first.startsWith('+ ')) return first;
  client.write(`${base64(scram.answer(Buffer.from(first.slice(2), 'base64').toString()))}\r\n`);
  const final = await client.readLine();
  if (!final.startsWith('+ ')) return final;
  scram.checkServer(Buffer.from(final.slice(2), 'base64').toString());
  client.write('\r\n');
  return client.readLine();
}

const bindings = ['tls-exporter', 'tls-server-end-point'] as const;

test('POP3 takes SCRAM-SHA-256 and -PLUS', async (t) => {
  const server = await startPop3Server({ scramIterations: 100 });
  t.after(() => server.close());
  const connect = async () => {
    const client = ImapTestClient.connect(server, true);
    t.after(() => client.destroy());
    await client.readLine();
    return client;
  };
  const client = await connect();
  client.write('AUTH\r\n');
  for (const line of ['+OK Mechanisms follow', 'SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN', '.'])
    assert.equal(await client.readLine(), line);
  const wrong = '-ERR [AUTH] User name or password is wrong';
  assert.equal(await exchange(client, 'AUTH SCRAM-SHA-256', { password: 'sbagliata' }), wrong);
  assert.equal(await exchange(client, 'AUTH SCRAM-SHA-256', { name: 'nessuno@alfa.test' }), wrong);
  assert.match(
    await exchange(client, 'AUTH SCRAM-SHA-256', { header: 'y,,' }),
    /^-ERR Channel binding is offered/,
  );
  for (const type of bindings) {
    const bound = await connect();
    const channel = bindingOf(bound.socket as TLSSocket, type);
    const wishes = { header: `p=${type},,`, channel };
    const elsewhere = { ...wishes, channel: channel.map((byte) => byte ^ 1) };
    assert.match(
      await exchange(bound, 'AUTH SCRAM-SHA-256-PLUS', elsewhere),
      /^-ERR The channel binding does not/,
    );
    assert.match(await exchange(bound, 'AUTH SCRAM-SHA-256-PLUS', wishes), /^\+OK 0 messages/);
    bound.write('QUIT\r\n');
    await bound.readLine();
    await bound.expectClosed();
  }
  assert.match(await exchange(client, 'AUTH SCRAM-SHA-256', {}), /^\+OK 0 messages/);
});

test('IMAP takes SCRAM-SHA-256 and -PLUS', async (t) => {
  const server = await startImapServer({ scramIterations: 100 });
  t.after(() => server.close());
  for (const type of [undefined, ...bindings]) {
    const client = ImapTestClient.connect(server, true);
    t.after(() => client.destroy());
    assert.match(await client.readLine(), / AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-256 AUTH=PLAIN /);
    if (type === undefined) {
      const wrong = await exchange(client, 'a AUTHENTICATE SCRAM-SHA-256', { password: 'sbagliata' });
      assert.equal(wrong, 'a NO [AUTHENTICATIONFAILED] Wrong name or password');
      assert.match(await exchange(client, 'b AUTHENTICATE SCRAM-SHA-256', {}), /^b OK /);
      continue;
    }
    const channel = bindingOf(client.socket as TLSSocket, type);
    const answer = await exchange(client, 'a AUTHENTICATE SCRAM-SHA-256-PLUS', {
      header: `p=${type},,`,
      channel,
    });
    assert.match(answer, /^a OK /);
  }
});

test('an application password is proved by SCRAM as well', async (t) => {
  const server = await startImapServer({ scramIterations: 100 });
  t.after(() => server.close());
  const { id: loginId } = await server.accounts.findLogin(addresses[0]);
  const { secret } = await server.accounts.addApplicationPassword({ loginId, label: 'x', scopes: ['imap'] });
  const client = ImapTestClient.connect(server, true);
  t.after(() => client.destroy());
  await client.readLine();
  assert.match(await exchange(client, 'a AUTHENTICATE SCRAM-SHA-256', { password: secret }), /^a OK /);
});
