/** What was taken back ends the session that was opened with it, at once, and says why. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ImapTestClient } from '../../support/imap-client.ts';
import { addresses, type ImapTestServer, password, startImapServer } from '../../support/imap-server.ts';

const bye = '* BYE [EXPIRED] The password, the login or its rights were changed or taken back; log in again';

async function logIn(server: ImapTestServer, secret: string): Promise<ImapTestClient> {
  const client = ImapTestClient.connect(server, true);
  await client.readLine();
  assert.match((await client.command('a', `LOGIN ${addresses[0]} "${secret}"`)).at(-1) ?? '', /^a OK/);
  return client;
}

async function makePassword(server: ImapTestServer, scopes: readonly ('imap' | 'pop3')[], readOnly = false) {
  const { id: loginId } = await server.accounts.findLogin(addresses[0]);
  const made = await server.accounts.addApplicationPassword({ loginId, label: 'phone', scopes, readOnly });
  return { ...made, revoke: () => server.accounts.revokeApplicationPassword(loginId, made.id) };
}

test('a revoked application password ends its session in IDLE, and no other', async (t) => {
  const server = await startImapServer();
  t.after(() => server.close());
  const phone = await makePassword(server, ['imap']);
  const [idle, other] = [await logIn(server, phone.secret), await logIn(server, password)];
  t.after(() => other.destroy());
  await idle.command('b', 'SELECT INBOX');
  idle.write('c IDLE\r\n');
  assert.equal(await idle.readLine(), '+ idling');
  await phone.revoke();
  assert.equal(await idle.readLine(), bye);
  await idle.expectClosed();
  assert.match((await other.command('b', 'NOOP')).at(-1) ?? '', /^b OK/);
  await server.accounts.setPassword(addresses[0], 'un’altra parola');
  assert.equal(await other.readLine(), bye);
});

test('an application password opens only its protocols, and a read-only one changes nothing', async (t) => {
  const server = await startImapServer();
  t.after(() => server.close());
  const client = ImapTestClient.connect(server, true);
  t.after(() => client.destroy());
  await client.readLine();
  const { secret } = await makePassword(server, ['pop3']);
  assert.match(
    (await client.command('a', `LOGIN ${addresses[0]} ${secret}`)).at(-1) ?? '',
    /^a NO \[AUTHENT/,
  );
  const reader = await makePassword(server, ['imap'], true);
  assert.match((await client.command('b', `LOGIN ${addresses[0]} ${reader.secret}`)).at(-1) ?? '', /^b OK/);
  assert.match((await client.command('c', 'SELECT INBOX')).at(-1) ?? '', /^c OK \[READ-ONLY\]/);
  assert.match((await client.command('d', 'CREATE Altro')).at(-1) ?? '', /^d NO \[NOPERM\]/);
});
