/** What dialogues cannot show: slow clients, stores that fail, limits of the whole server, its orderly stop. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { MailError } from '../../../src/lib/mail-error.ts';
import type { MailStore } from '../../../src/mailbox/mail-store.ts';
import { ImapTestClient } from '../../support/imap-client.ts';
import {
  addresses,
  type ImapTestOptions,
  type ImapTestServer,
  password,
  startImapServer,
} from '../../support/imap-server.ts';
import { deliver, readMessage } from '../../support/imap-transcript.ts';

async function start(t: TestContext, options: ImapTestOptions = {}): Promise<ImapTestServer> {
  const server = await startImapServer(options);
  t.after(() => server.close());
  return server;
}

async function logIn(t: TestContext, server: ImapTestServer): Promise<ImapTestClient> {
  const client = ImapTestClient.connect(server, true);
  t.after(() => client.destroy());
  await client.readLine();
  const answer = await client.command('l', `LOGIN ${addresses[0]} "${password}"`);
  assert.match(answer.at(-1) ?? '', /^l OK/);
  return client;
}

const megabyte = 1024 * 1024;

/** A message of `size` bytes whose content depends on the place. */
function bigMessage(size: number): Buffer {
  const bytes = Buffer.alloc(size, 'Subject: grande\r\n\r\n');
  for (let at = 64; at + 4 <= size; at += 4096) bytes.writeUInt32BE(at | 0x01010101, at);
  return bytes;
}

/** Counts bytes as the edge takes them from the store. */
function countingReads(counter: { bytes: number }) {
  return (store: MailStore): MailStore => ({
    ...store,
    read: async function* (contentId, range) {
      for await (const chunk of store.read(contentId, range)) {
        counter.bytes += chunk.length;
        yield chunk;
      }
    },
  });
}

test('a client that does not read stops its own FETCH and nobody else', async (t) => {
  const counter = { bytes: 0 };
  const server = await start(t, { wrapStore: countingReads(counter) });
  const message = bigMessage(48 * megabyte);
  await deliver(server, 'INBOX', message);
  const slow = await logIn(t, server);
  await slow.command('s', 'SELECT INBOX');
  slow.socket.pause();
  slow.write('f FETCH 1 BODY.PEEK[]\r\n');
  // The system's own buffers fill first; then the reading must stand still.
  let before = -1;
  while (before !== counter.bytes || counter.bytes === 0) {
    before = counter.bytes;
    await pause(40);
  }
  assert.ok(
    counter.bytes < message.length / 2,
    `${counter.bytes} bytes were read for a client that reads none`,
  );
  const other = await logIn(t, server);
  assert.match((await other.command('n', 'SELECT INBOX')).at(-1) ?? '', /^n OK/);
  slow.socket.resume();
  assert.equal(await slow.readLine(), `* 1 FETCH (BODY[] {${message.length}}`);
  const hash = createHash('sha256');
  for (let left = message.length; left > 0; ) {
    const bytes = await slow.readBytes(Math.min(left, megabyte));
    hash.update(bytes);
    left -= bytes.length;
  }
  assert.equal(hash.digest('hex'), createHash('sha256').update(message).digest('hex'));
  assert.equal(await slow.readLine(), ')');
});

test('a store that takes slowly makes the client wait, and gets every byte', async (t) => {
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const wrapStore = (store: MailStore): MailStore => ({
    ...store,
    storeContent: async (source) => {
      await gate;
      return store.storeContent(source);
    },
  });
  const server = await start(t, { wrapStore, limits: { messageBytes: 64 * megabyte } });
  const client = await logIn(t, server);
  const message = bigMessage(32 * megabyte);
  client.write(`a APPEND INBOX {${message.length}+}\r\n`);
  client.write(message);
  client.write('\r\n');
  let before = -1;
  while (before !== client.socket.writableLength) {
    before = client.socket.writableLength;
    await pause(40);
  }
  assert.ok(before > message.length / 2, 'most of the message waits with the client');
  open();
  assert.match(await client.readLine(), /^a OK \[APPENDUID /);
  const [record] = await server.store.messages(1, [[1, 1]]);
  assert.equal(record?.size, message.length);
});

const storeAway = new MailError('temporary', 'The store cannot be read now', {
  code: 451,
  enhanced: '4.3.0',
});

test('a message that cannot be read is refused, the others are answered', async (t) => {
  const wrapStore = (store: MailStore): MailStore => ({
    ...store,
    structure: async (contentId) => {
      if (contentId === 2) throw storeAway;
      return store.structure(contentId);
    },
    structures: (contentIds) => store.structures(contentIds.filter((contentId) => contentId !== 2)),
  });
  const server = await start(t, { wrapStore });
  for (const file of ['empty.eml', 'note.eml', 'empty.eml'])
    await deliver(server, 'INBOX', readMessage(file));
  const client = await logIn(t, server);
  await client.command('s', 'SELECT INBOX');
  const answers = await client.command('f', 'FETCH 1:3 (UID BODY)');
  assert.deepEqual(
    answers.map((line) => line.slice(0, 18)),
    ['* 1 FETCH (UID 1 B', '* 3 FETCH (UID 3 B', 'f NO [UNAVAILABLE]'],
  );
});

test('what cannot be read together is read one by one, and only what is broken is refused', async (t) => {
  const away = async () => Promise.reject(storeAway);
  const wrapStore = (store: MailStore): MailStore => ({
    ...store,
    structure: async (contentId) => (contentId === 2 ? away() : store.structure(contentId)),
    read: (contentId, range) => {
      if (contentId === 2) throw storeAway;
      return store.read(contentId, range);
    },
    structures: away,
    smallContents: away,
    readyTexts: away,
  });
  const server = await start(t, { wrapStore });
  for (const file of ['empty.eml', 'note.eml', 'empty.eml'])
    await deliver(server, 'INBOX', readMessage(file));
  const client = await logIn(t, server);
  await client.command('s', 'SELECT INBOX');
  for (const item of ['ENVELOPE', 'BODYSTRUCTURE', 'BODY.PEEK[]', 'BODY.PEEK[HEADER.FIELDS (SUBJECT)]']) {
    const answers = await client.command('f', `FETCH 1:3 (UID ${item})`);
    const heads = answers.filter((line) => /^(\* \d+ FETCH|f )/.test(line)).map((line) => line.slice(0, 16));
    assert.deepEqual(heads, ['* 1 FETCH (UID 1', '* 3 FETCH (UID 3', 'f NO [UNAVAILABL'], item);
  }
});

test('a message that breaks off while it is sent is never passed off as whole', async (t) => {
  const wrapStore = (store: MailStore): MailStore => ({
    ...store,
    read: async function* (contentId, range) {
      let left = 100_000;
      for await (const chunk of store.read(contentId, range)) {
        left -= chunk.length;
        if (left < 0) throw storeAway;
        yield chunk;
      }
    },
  });
  const server = await start(t, { wrapStore });
  await deliver(server, 'INBOX', bigMessage(megabyte));
  const client = await logIn(t, server);
  await client.command('s', 'SELECT INBOX');
  client.write('f FETCH 1 BODY.PEEK[]\r\n');
  assert.match(await client.readLine(), /\{1048576\}$/);
  await assert.rejects(client.readBytes(megabyte), /closed the connection/);
});

test('a bug is answered with a number that the log knows, and the session goes on', async (t) => {
  const bugs: { id: string; command: string; error: unknown }[] = [];
  const nothing = () => undefined;
  const log = {
    connected: nothing,
    turnedAway: nothing,
    tlsFailed: nothing,
    loggedIn: nothing,
    loginFailed: nothing,
    closed: nothing,
    bug: (event: { id: string; command: string; error: unknown }) => bugs.push(event),
  };
  const wrapStore = (store: MailStore): MailStore => ({
    ...store,
    quota: async () => {
      throw new TypeError('x is undefined');
    },
  });
  const server = await start(t, { wrapStore, log });
  const client = await logIn(t, server);
  const answer = (await client.command('q', 'GETQUOTA ""')).at(-1) ?? '';
  const id = /^q NO \[SERVERBUG\] Internal error ([0-9a-f]{8});/.exec(answer)?.[1];
  assert.equal(bugs.length, 1);
  assert.equal(bugs[0]?.id, id);
  assert.equal(bugs[0]?.command, 'GETQUOTA');
  assert.doesNotMatch(answer, /undefined/);
  assert.match((await client.command('n', 'NOOP')).at(-1) ?? '', /^n OK/);
});

test('too many connections are turned away with a word', async (t) => {
  const server = await start(t, { mode: 'imap', limits: { connectionsPerAddress: 2 } });
  const clients = [1, 2, 3].map(() => ImapTestClient.connect(server, false));
  t.after(() => clients.map((client) => client.destroy()));
  assert.match((await clients[0]?.readLine()) ?? '', /^\* OK/);
  assert.match((await clients[1]?.readLine()) ?? '', /^\* OK/);
  assert.equal(
    await clients[2]?.readLine(),
    '* BYE [UNAVAILABLE] Too many connections from your address; try again later',
  );
  // A place that is given back can be taken again.
  clients[0]?.destroy();
  while (server.server.connections > 1) await pause(5);
  const next = ImapTestClient.connect(server, false);
  t.after(() => next.destroy());
  assert.match(await next.readLine(), /^\* OK/);
});

test('a mailbox has a limit of its own', async (t) => {
  const server = await start(t, { limits: { connectionsPerMailbox: 1 } });
  await logIn(t, server);
  const second = ImapTestClient.connect(server, true);
  t.after(() => second.destroy());
  await second.readLine();
  const answer = await second.command('l', `LOGIN ${addresses[0]} "${password}"`);
  assert.match(answer.at(-1) ?? '', /^l NO \[LIMIT\] Too many connections to this mailbox/);
});

test('who does not log in or say anything is sent away', async (t) => {
  const server = await start(t, { mode: 'imap', limits: { loginMs: 60 } });
  const client = ImapTestClient.connect(server, false);
  t.after(() => client.destroy());
  await client.readLine();
  assert.equal(await client.readLine(), '* BYE No login in time');
  await client.expectClosed();
});

test('after long silence the session ends, IDLE or not', async (t) => {
  const server = await start(t, { limits: { autologoutMs: 80, stillHereMs: 50 } });
  const silent = await logIn(t, server);
  const idle = await logIn(t, server);
  idle.write('i IDLE\r\n');
  assert.equal(await idle.readLine(), '+ idling');
  assert.equal(await idle.readLine(), '* OK Still here');
  assert.equal(await idle.readLine(), '* BYE Autologout after inactivity');
  assert.equal(await silent.readLine(), '* BYE Autologout after inactivity');
  await silent.expectClosed();
});

test('stops in order: sessions at rest hear BYE, and all are gone', async (t) => {
  const server = await startImapServer();
  const resting = await logIn(t, server);
  const idling = await logIn(t, server);
  idling.write('i IDLE\r\n');
  await idling.readLine();
  const closed = server.close();
  for (const client of [resting, idling]) {
    assert.equal(await client.readLine(), '* BYE The server is shutting down; connect again in a moment');
    await client.expectClosed();
  }
  await closed;
  assert.equal(server.server.connections, 0);
});

test('gives up on a handshake that does not come, and on one that fails', async (t) => {
  const failures: string[] = [];
  const nothing = () => undefined;
  const server = await start(t, {
    limits: { loginMs: 60 },
    log: {
      connected: nothing,
      turnedAway: nothing,
      loggedIn: nothing,
      loginFailed: nothing,
      closed: nothing,
      bug: ({ error }) => assert.fail(String(error)),
      tlsFailed: ({ reason }) => failures.push(reason),
    },
  });
  const plain = ImapTestClient.connect(server, false);
  const silent = ImapTestClient.connect(server, false);
  t.after(() => [plain, silent].map((client) => client.destroy()));
  plain.write('a1 LOGIN mario segreta\r\n');
  await silent.expectClosed();
  while (server.server.connections > 0) await pause(5);
  assert.equal(failures.length, 2);
});
