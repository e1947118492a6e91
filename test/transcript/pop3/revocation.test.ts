/** A revoked application password ends its POP3 session at once; nothing it marked is removed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ImapTestClient } from '../../support/imap-client.ts';
import { addresses, type Pop3TestServer, password, startPop3Server } from '../../support/pop3-server.ts';

async function logIn(server: Pop3TestServer, secret: string): Promise<ImapTestClient> {
  const client = ImapTestClient.connect(server, true);
  await client.readLine();
  client.write(`USER ${addresses[0]}\r\n`);
  await client.readLine();
  client.write(`PASS ${secret}\r\n`);
  const answer = await client.readLine();
  // The connection is closed a moment before its maildrop is let go.
  if (answer.includes('[IN-USE]')) {
    client.destroy();
    return logIn(server, secret);
  }
  assert.match(answer, /^\+OK 1 messages/);
  return client;
}

test('a revoked application password ends the session, removes nothing and lets the maildrop go', {
  timeout: 10_000,
}, async (t) => {
  const server = await startPop3Server();
  t.after(() => server.close());
  await server.deliver(Buffer.from('Subject: x\r\n\r\nx\r\n'));
  const { id: loginId } = await server.accounts.findLogin(addresses[0]);
  const wanted = { loginId, label: 'old phone', scopes: ['pop3'] as const };
  const phone = await server.accounts.addApplicationPassword(wanted);
  const client = await logIn(server, phone.secret);
  client.write('DELE 1\r\n');
  assert.match(await client.readLine(), /^\+OK/);
  await server.accounts.revokeApplicationPassword(loginId, phone.id);
  await client.expectClosed();
  (await logIn(server, password)).destroy();
});
