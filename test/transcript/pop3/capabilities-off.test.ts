/** Capabilities that a mailbox is told to do without, by POP3 and by IMAP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ImapTestClient } from '../../support/imap-client.ts';
import { startImapServer } from '../../support/imap-server.ts';
import { addresses, password, startPop3Server } from '../../support/pop3-server.ts';

test('POP3 leaves them out after the login', async (t) => {
  const server = await startPop3Server();
  t.after(() => server.close());
  await server.accounts.setMailbox(addresses[0], { withoutCapabilities: ['pipelining', 'LANG'] });
  for (const [address, offered] of [
    [addresses[0], false],
    [addresses[1], true],
  ] as const) {
    const client = ImapTestClient.connect(server, true);
    t.after(() => client.destroy());
    client.write(`USER ${address}\r\nPASS ${password}\r\nCAPA\r\n`);
    const lines: string[] = [];
    while (lines.at(-1) !== '.') lines.push(await client.readLine());
    assert.equal(lines.includes('PIPELINING'), offered);
    assert.equal(lines.includes('LANG'), offered);
    assert.ok(lines.includes('UIDL'));
  }
});

test('IMAP leaves them out after the login', async (t) => {
  const server = await startImapServer();
  t.after(() => server.close());
  await server.accounts.setMailbox(addresses[0], { withoutCapabilities: ['CONDSTORE', 'appendlimit'] });
  const client = ImapTestClient.connect(server, true);
  t.after(() => client.destroy());
  assert.match(await client.readLine(), / CONDSTORE /);
  const [answer = ''] = await client.command('a', `LOGIN ${addresses[0]} "${password}"`);
  assert.match(answer, / QRESYNC /);
  assert.doesNotMatch(answer, /CONDSTORE|APPENDLIMIT/);
});
