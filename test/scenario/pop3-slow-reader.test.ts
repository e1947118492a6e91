/** A POP3 client that asks for a large message and does not read it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Maildrops } from '../../src/mailbox/maildrop.ts';
import { ImapTestClient } from '../support/imap-client.ts';
import { addresses, type Pop3TestServer, password, startPop3Server } from '../support/pop3-server.ts';

const megabyte = 1024 * 1024;

async function say(client: ImapTestClient, line: string): Promise<string> {
  client.write(`${line}\r\n`);
  return client.readLine();
}

async function logIn(
  t: TestContext,
  server: Pop3TestServer,
  address: string = addresses[0],
): Promise<ImapTestClient> {
  const client = ImapTestClient.connect(server, true);
  t.after(() => client.destroy());
  await client.readLine();
  await say(client, `USER ${address}`);
  assert.match(await say(client, `PASS ${password}`), /^\+OK/);
  return client;
}

test('a client that does not read stops its own RETR and nobody else', async (t) => {
  const counter = { bytes: 0 };
  const counting = (maildrops: Maildrops): Maildrops => ({
    ...maildrops,
    read: async function* (message) {
      for await (const chunk of maildrops.read(message)) {
        counter.bytes += chunk.length;
        yield chunk;
      }
    },
  });
  const server = await startPop3Server({ wrapMaildrops: counting });
  t.after(() => server.close());
  const line = `${'x'.repeat(62)}\r\n`;
  const message = Buffer.from(line.repeat((24 * megabyte) / line.length));
  await server.deliver(message);
  const slow = await logIn(t, server);
  slow.socket.pause();
  slow.write('RETR 1\r\n');
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
  const other = await logIn(t, server, addresses[1]);
  assert.equal(await say(other, 'STAT'), '+OK 0 0');
  slow.socket.resume();
  assert.equal(await slow.readLine(), `+OK ${message.length} octets`);
  const hash = createHash('sha256');
  for (let left = message.length; left > 0; left -= megabyte) hash.update(await slow.readBytes(megabyte));
  assert.equal(hash.digest('hex'), createHash('sha256').update(message).digest('hex'));
  assert.equal(await slow.readLine(), '.');
});
