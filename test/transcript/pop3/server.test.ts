/** What dialogues cannot show: stores that fail, limits of the whole server, its orderly stop. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createLoginGuard } from '../../../src/edge/login-guard.ts';
import { MailError } from '../../../src/lib/mail-error.ts';
import type { Maildrops } from '../../../src/mailbox/maildrop.ts';
import { silentLog } from '../../../src/pop3/log.ts';
import { ImapTestClient } from '../../support/imap-client.ts';
import {
  addresses,
  type Pop3TestOptions,
  type Pop3TestServer,
  password,
  startPop3Server,
} from '../../support/pop3-server.ts';

async function start(t: TestContext, options: Pop3TestOptions = {}): Promise<Pop3TestServer> {
  const server = await startPop3Server(options);
  t.after(() => server.close());
  return server;
}

async function connect(t: TestContext, server: Pop3TestServer): Promise<ImapTestClient> {
  const client = ImapTestClient.connect(server, true);
  t.after(() => client.destroy());
  assert.match(await client.readLine(), /^\+OK/);
  return client;
}

async function say(client: ImapTestClient, line: string): Promise<string> {
  client.write(`${line}\r\n`);
  return client.readLine();
}

async function logIn(
  t: TestContext,
  server: Pop3TestServer,
  address: string = addresses[0],
): Promise<ImapTestClient> {
  const client = await connect(t, server);
  assert.match(await say(client, `USER ${address}`), /^\+OK/);
  assert.match(await say(client, `PASS ${password}`), /^\+OK/);
  return client;
}

const temporary = () => new MailError('temporary', 'The disk is full', { code: 451, enhanced: '4.3.0' });
test('a message that breaks off ends the connection, one that cannot be begun is refused', async (t) => {
  const broken =
    (when: 'begun' | 'never') =>
    (maildrops: Maildrops): Maildrops => ({
      ...maildrops,
      read: async function* () {
        if (when === 'begun') yield Buffer.from('Subject: x\r\n');
        throw temporary();
      },
    });
  const never = await start(t, { wrapMaildrops: broken('never') });
  await never.deliver(Buffer.from('x\r\n'));
  const refused = await logIn(t, never);
  assert.equal(await say(refused, 'RETR 1'), '-ERR [SYS/TEMP] The disk is full');
  assert.equal(await say(refused, 'STAT'), '+OK 1 3');
  const bugs: unknown[] = [];
  const begun = await start(t, {
    wrapMaildrops: broken('begun'),
    log: { ...silentLog, bug: ({ error }) => bugs.push(error) },
  });
  await begun.deliver(Buffer.from('x\r\n'));
  const cut = await logIn(t, begun);
  cut.write('RETR 1\r\n');
  const said: string[] = [];
  await assert.rejects(async () => {
    for (;;) said.push(await cut.readLine());
  }, /closed/);
  assert.ok(!said.includes('.'), 'a broken message must not look whole');
  assert.equal(bugs.length, 1);
});

test('when the store cannot delete, QUIT says so and everything stays', async (t) => {
  const failing = (maildrops: Maildrops): Maildrops => ({
    ...maildrops,
    open: async (mailboxId) => {
      const drop = await maildrops.open(mailboxId);
      return drop && { ...drop, finish: () => Promise.reject(temporary()) };
    },
  });
  const server = await start(t, { wrapMaildrops: failing });
  await server.deliver(Buffer.from('x\r\n'));
  const client = await logIn(t, server);
  await say(client, 'DELE 1');
  assert.equal(await say(client, 'QUIT'), '-ERR [SYS/TEMP] Nothing was deleted: The disk is full');
  await client.expectClosed();
  assert.equal(await say(await logIn(t, server), 'STAT'), '+OK 1 3');
});

test('a store that cannot answer at the login is no wrong password, and does not count as one', async (t) => {
  const guard = createLoginGuard(() => 0, { delayMs: 0, failuresPerPair: 1 });
  const away = { now: true };
  const server = await start(t, {
    guard,
    wrapMaildrops: (maildrops) => ({
      ...maildrops,
      open: (mailboxId) => (away.now ? Promise.reject(temporary()) : maildrops.open(mailboxId)),
    }),
  });
  const client = await connect(t, server);
  for (const answer of ['-ERR [SYS/TEMP] The disk is full', '+OK 0 messages in the maildrop']) {
    await say(client, `USER ${addresses[0]}`);
    assert.equal(await say(client, `PASS ${password}`), answer);
    away.now = false;
  }
});

test('wrong passwords lock over all connections, with a temporary refusal', async (t) => {
  const guard = createLoginGuard(() => 0, { delayMs: 0, failuresPerPair: 2 });
  const server = await start(t, { guard });
  for (const [attempt, answer] of [
    ['wrong', '-ERR [AUTH] User name or password is wrong'],
    ['wrong', '-ERR [AUTH] User name or password is wrong'],
    [password, '-ERR [SYS/TEMP] Too many failed attempts to log in; try again in some minutes'],
  ] as const) {
    const client = await connect(t, server);
    await say(client, `USER ${addresses[0]}`);
    assert.equal(await say(client, `PASS ${attempt}`), answer);
  }
});

test('patience ends without a word, and the maildrop is free again', async (t) => {
  const server = await start(t, { limits: { autologoutMs: 30 } });
  await server.deliver(Buffer.from('x\r\n'));
  const idle = await logIn(t, server);
  await say(idle, 'DELE 1');
  await idle.expectClosed();
  while (server.server.connections > 0) await pause(2);
  assert.equal(await say(await logIn(t, server), 'STAT'), '+OK 1 3');
});

test('a changed password ends the session', async (t) => {
  const server = await start(t);
  const client = await logIn(t, server);
  await server.accounts.setPassword(addresses[0], 'un altro segreto');
  await client.expectClosed();
});

test('too many connections are turned away before they cost anything', async (t) => {
  const server = await start(t, { mode: 'pop3', limits: { connectionsPerAddress: 1 } });
  const first = ImapTestClient.connect(server, false);
  t.after(() => first.destroy());
  assert.match(await first.readLine(), /^\+OK/);
  const second = ImapTestClient.connect(server, false);
  t.after(() => second.destroy());
  assert.equal(await second.readLine(), '-ERR [SYS/TEMP] Too many connections; try again later');
  await second.expectClosed();
});

test('the server stops in order: resting clients are let go, maildrops are free', async (t) => {
  const server = await start(t);
  const client = await logIn(t, server);
  await server.server.close(1000);
  await client.expectClosed();
  assert.equal(server.server.connections, 0);
});

test('every capability stands in docs/pop3.md', async (t) => {
  const { readFileSync } = await import('node:fs');
  const server = await start(t);
  const client = await connect(t, server);
  client.write('CAPA\r\n');
  await client.readLine();
  const page = readFileSync(new URL('../../../docs/pop3.md', import.meta.url), 'utf8');
  for (let line = await client.readLine(); line !== '.'; line = await client.readLine()) {
    const [name = ''] = line.split(' ');
    assert.ok(page.includes(`\`${name}`), `${name} is missing`);
  }
});
