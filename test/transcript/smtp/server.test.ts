/** What a dialogue in a file cannot say: several connections, the pace of big messages, an orderly stop, TLS. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import tls, { createSecureContext } from 'node:tls';
import { createLoginGuard } from '../../../src/edge/login-guard.ts';
import { createMxServer, type ReceiveMail } from '../../../src/smtp/mx.ts';
import { startEdge } from '../../support/smtp-edges.ts';
import { makeAuthority, testAuthority } from '../../support/test-tls.ts';
import { LineClient } from '../../support/transcript.ts';

const ENVELOPE = 'HELO peer.test\r\nMAIL FROM:<a@peer.test>\r\nRCPT TO:<b@alfa.test>\r\nDATA\r\n';

async function expectLines(client: LineClient, ...starts: string[]): Promise<void> {
  for (const start of starts) {
    const line = await client.readLine();
    assert.ok(line.startsWith(start), `${line} should start with ${start}`);
  }
}

test('a client that goes away in the message: the source throws, nothing is accepted', async () => {
  const edge = await startEdge({ kind: 'mx' });
  const client = LineClient.connect(edge.port);
  await expectLines(client, '220');
  client.write(ENVELOPE);
  await expectLines(client, '250', '250', '250', '354');
  client.write(`Subject: x\r\n\r\n${'ciao\r\n'.repeat(20_000)}`);
  await client.expectSilence(20);
  client.destroy();
  while (edge.broken.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(edge.broken, ['Connection lost before the end of the message']);
  assert.deepEqual(edge.taken, []);
  await edge.close();
});

test('no more connections from one address than the limit, and a place freed is a place again', async () => {
  const edge = await startEdge({ kind: 'mx', limits: { connectionsPerAddress: 2 } });
  const [first, second] = [LineClient.connect(edge.port), LineClient.connect(edge.port)];
  await expectLines(first, '220');
  await expectLines(second, '220');
  const third = LineClient.connect(edge.port);
  await expectLines(third, '421 localhost Too many connections');
  await third.expectClosed();
  assert.equal(edge.server.connections, 2);
  first.write('QUIT\r\n');
  await expectLines(first, '221');
  await first.expectClosed();
  while (edge.server.connections > 1) await new Promise((resolve) => setTimeout(resolve, 5));
  const fourth = LineClient.connect(edge.port);
  await expectLines(fourth, '220');
  for (const client of [second, fourth]) client.destroy();
  await edge.close();
});

test('a connection that never begins TLS counts against the limit of the implicit TLS port', async () => {
  const edge = await startEdge({ kind: 'submissions', limits: { connectionsPerAddress: 1, idleMs: 150 } });
  const mute = net.connect(edge.port, '127.0.0.1');
  await once(mute, 'connect');
  while (edge.server.connections === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const refused = net.connect(edge.port, '127.0.0.1');
  refused.on('error', () => undefined);
  await once(refused, 'close');
  // The handshake has its own time limit; afterwards the place is free.
  mute.on('error', () => undefined);
  await once(mute, 'close');
  while (edge.server.connections > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const client = LineClient.connectTls(edge.port, edge.ca);
  await expectLines(client, '220');
  client.destroy();
  await edge.close();
});

test('an orderly stop: idle sessions end with 421, a message under way is still taken', async () => {
  const edge = await startEdge({ kind: 'mx' });
  const idle = LineClient.connect(edge.port);
  const busy = LineClient.connect(edge.port);
  await expectLines(idle, '220');
  await expectLines(busy, '220');
  busy.write(`${ENVELOPE}Subject: x\r\n`);
  await expectLines(busy, '250', '250', '250', '354');
  const stopped = edge.server.close(5000);
  await expectLines(idle, '421 4.3.2');
  await idle.expectClosed();
  busy.write('\r\n.\r\n');
  await expectLines(busy, '250 2.6.0');
  busy.write('QUIT\r\n');
  await expectLines(busy, '421');
  await busy.expectClosed();
  await stopped;
  assert.equal(edge.taken.length, 1);
});

test('an orderly stop does not wait for a client that keeps its session once its message is taken', async () => {
  const edge = await startEdge({ kind: 'mx' });
  const client = LineClient.connect(edge.port);
  await expectLines(client, '220');
  client.write(`${ENVELOPE}Subject: x\r\n`);
  await expectLines(client, '250', '250', '250', '354');
  const stopped = edge.server.close(60_000);
  client.write('\r\n.\r\n');
  await expectLines(client, '250 2.6.0', '421 4.3.2');
  await client.expectClosed();
  await stopped;
  assert.equal(edge.taken.length, 1);
});

test('an orderly stop does not wait longer than it is told', async () => {
  const edge = await startEdge({ kind: 'mx' });
  const client = LineClient.connect(edge.port);
  await expectLines(client, '220');
  client.write(`${ENVELOPE}Subject: x\r\n`);
  await expectLines(client, '250', '250', '250', '354');
  await edge.server.close(50);
  await expectLines(client, '421');
  await client.expectClosed();
  assert.deepEqual(edge.taken, []);
});

test('a big message goes at the pace of its reader and is never held as a whole', async () => {
  const size = 32 * 1024 * 1024;
  let started: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    started = resolve;
  });
  let goOn: () => void = () => undefined;
  const allowed = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let total = 0;
  const server = createMxServer({
    hostname: 'localhost',
    tls: () => createSecureContext(testAuthority().issue(['DNS:localhost'])),
    checkRecipient: async () => undefined,
    log: () => undefined,
    receive: async ({ source }) => {
      for await (const chunk of source) {
        total += chunk.length;
        started();
        await allowed;
      }
      return { text: String(total) };
    },
  });
  const { port } = await server.listen(0, '127.0.0.1');
  const socket = net.connect(port, '127.0.0.1');
  let replies = '';
  socket.on('data', (data) => {
    replies += data.toString('latin1');
  });
  socket.write(ENVELOPE);
  const line = Buffer.from(`${'x'.repeat(1022)}\r\n`);
  let sent = 0;
  let written = 0;
  while (written < size) {
    written += line.length;
    if (socket.write(line)) continue;
    const drained = await Promise.race([
      once(socket, 'drain').then(() => true),
      begun.then(() => new Promise((resolve) => setTimeout(() => resolve(false), 150))),
    ]);
    if (drained === false && sent === 0) {
      // The reader rests: what the sender could put away so far is buffers, ours and the system's.
      sent = written;
      goOn();
      if (socket.writableNeedDrain) await once(socket, 'drain');
    }
  }
  socket.write('.\r\nQUIT\r\n');
  await once(socket, 'close');
  assert.ok(sent > 0 && sent < size / 2, `the sender was held back (it could send ${sent} of ${size} bytes)`);
  assert.match(replies, new RegExp(`\r\n250 2.6.0 ${size}\r\n`));
  await server.close(0);
});

test('TLS 1.1 is refused, a renewed certificate counts from the next handshake on', async () => {
  const old = makeAuthority('Old authority');
  const fresh = makeAuthority('Fresh authority');
  let current = createSecureContext(old.issue(['DNS:localhost']));
  const server = createMxServer({
    hostname: 'localhost',
    tls: () => current,
    checkRecipient: async () => undefined,
    receive: async () => ({ text: '' }),
    log: () => undefined,
  });
  const { port } = await server.listen(0, '127.0.0.1');
  const startTls = async (ca: string) => {
    const client = LineClient.connect(port);
    await expectLines(client, '220');
    client.write('STARTTLS\r\n');
    await expectLines(client, '220');
    await client.startTls(ca).finally(() => client.destroy());
  };
  await startTls(old.cert);
  current = createSecureContext(fresh.issue(['DNS:localhost']));
  await startTls(fresh.cert);
  await assert.rejects(startTls(old.cert));
  const raw = net.connect(port, '127.0.0.1');
  await once(raw, 'data');
  raw.write('STARTTLS\r\n');
  await once(raw, 'data');
  const weak = tls.connect({
    socket: raw,
    maxVersion: 'TLSv1.1',
    minVersion: 'TLSv1',
    ciphers: 'DEFAULT@SECLEVEL=0',
    rejectUnauthorized: false,
  });
  const [error] = (await once(weak, 'error')) as [Error];
  assert.match(error.message, /alert protocol version|unsupported protocol|wrong version/i);
  await server.close(0);
});

test('a context that still allows TLS 1.1 is not enough: the session is refused', async () => {
  const weak = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  const context = createSecureContext({ ...testAuthority().issue(['DNS:localhost']), ...weak });
  const server = createMxServer({
    hostname: 'localhost',
    tls: () => context,
    checkRecipient: async () => undefined,
    receive: async () => ({ text: '' }),
    log: () => undefined,
  });
  const { port } = await server.listen(0, '127.0.0.1');
  const raw = net.connect(port, '127.0.0.1');
  await once(raw, 'data');
  raw.write('STARTTLS\r\n');
  await once(raw, 'data');
  const socket = tls.connect({ socket: raw, ...weak, rejectUnauthorized: false });
  const [reply] = (await once(socket, 'data')) as [Buffer];
  assert.equal(reply.toString(), '554 5.7.0 TLS 1.2 or newer is needed\r\n');
  socket.destroy();
  await server.close(0);
});

const encode = (text: string) => Buffer.from(text).toString('base64');

test('guessing locks: the right password is not even looked at, for known and unknown names alike', async () => {
  const guard = createLoginGuard(Date.now, { failuresPerPair: 2, delayMs: 1, longestDelayMs: 1 });
  const edge = await startEdge({ kind: 'submissions', guard });
  const texts: string[] = [];
  for (const name of ['mario.rossi@alfa.test', 'nessuno@alfa.test']) {
    const client = LineClient.connectTls(edge.port, edge.ca);
    await expectLines(client, '220');
    client.write('HELO client.test\r\n');
    await expectLines(client, '250');
    for (const password of ['a', 'b', 'segreta']) {
      client.write(`AUTH PLAIN ${encode(`\0${name}\0${password}`)}\r\n`);
      texts.push(await client.readLine());
    }
    client.destroy();
  }
  assert.deepEqual(texts.slice(0, 3), texts.slice(3));
  assert.match(texts[0] ?? '', /^535 5\.7\.8 /);
  assert.match(texts[2] ?? '', /^454 4\.7\.0 Too many failed attempts/);
  const reasons = edge.events.flatMap((event) => (event.event === 'login-failed' ? [event.reason] : []));
  assert.deepEqual(reasons.slice(0, 3), ['credentials', 'credentials', 'locked']);
  assert.ok(!JSON.stringify(edge.events).includes('segreta'), 'no password in the diagnostics');
  await edge.close();
});

test('the id a client is told is the id in the diagnostics, with the cause', async () => {
  const edge = await startEdge({ kind: 'mx' });
  const client = LineClient.connect(edge.port);
  await expectLines(client, '220');
  client.write('HELO peer.test\r\nMAIL FROM:<a@peer.test>\r\nRCPT TO:<guasto@alfa.test>\r\n');
  await expectLines(client, '250', '250');
  const id = /id ([0-9a-f]{8})$/.exec(await client.readLine())?.[1];
  const fault = edge.events.find((event) => event.event === 'fault');
  assert.equal(fault?.event === 'fault' && fault.id, id);
  assert.match(String(fault?.event === 'fault' && fault.error), /the directory is on fire/);
  client.destroy();
  await edge.close();
});

async function startMx(receive: ReceiveMail) {
  const server = createMxServer({
    hostname: 'localhost',
    tls: () => createSecureContext(testAuthority().issue(['DNS:localhost'])),
    checkRecipient: async () => undefined,
    receive,
    log: () => undefined,
  });
  return { server, port: (await server.listen(0, '127.0.0.1')).port };
}

test('the point is told that the client has its answer, and not told when it had gone', async () => {
  const told: string[] = [];
  let decide: () => void = () => undefined;
  const { server, port } = await startMx(async ({ source, recipients }) => {
    for await (const _chunk of source);
    await new Promise<void>((resolve) => {
      decide = resolve;
    });
    return { text: 'ok', answered: () => void told.push(recipients[0] ?? '') };
  });
  for (const leaves of [false, true]) {
    const client = LineClient.connect(port);
    await expectLines(client, '220');
    client.write(ENVELOPE.replace('b@', leaves ? 'gone@' : 'here@'));
    await expectLines(client, '250', '250', '250', '354');
    client.write('\r\n.\r\n');
    await client.expectSilence(20);
    if (leaves) {
      client.destroy();
      while (server.connections > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    decide();
    if (!leaves) await expectLines(client, '250 2.6.0 ok');
    await new Promise((resolve) => setTimeout(resolve, 20));
    client.destroy();
  }
  assert.deepEqual(told, ['here@alfa.test']);
  await server.close(0);
});

test('long replies come on several short lines, each with its status', async () => {
  const { server, port } = await startMx(async ({ source }) => {
    for await (const _chunk of source);
    return { text: 'parola '.repeat(150).trim() };
  });
  const client = LineClient.connect(port);
  await expectLines(client, '220');
  client.write(`${ENVELOPE}\r\n.\r\n`);
  await expectLines(
    client,
    '250',
    '250',
    '250',
    '354',
    '250-2.6.0 parola',
    '250-2.6.0 parola',
    '250 2.6.0 parola',
  );
  client.destroy();
  await server.close(0);
});

test('under TLS the replies to commands that came together go out together, and none waits for the message', async () => {
  const edge = await startEdge({ kind: 'submissions' });
  const socket = tls.connect({ port: edge.port, host: '127.0.0.1', servername: 'localhost', ca: edge.ca });
  const chunks: string[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk.toString('latin1')));
  const until = async (end: RegExp) => {
    while (!end.test(chunks.join(''))) await new Promise((resolve) => setTimeout(resolve, 2));
    return chunks.splice(0);
  };
  await until(/^220 .*\r\n$/);
  socket.write('NOOP\r\nRSET\r\nNOOP\r\nDATA\r\n');
  const together = await until(/503 .*\r\n$/);
  assert.equal(together.length, 1, together.join('|'));
  assert.deepEqual(
    together[0]?.split('\r\n').map((line) => line.slice(0, 3)),
    ['250', '250', '250', '503', ''],
  );
  socket.write('NOOP\r\nNO');
  assert.equal((await until(/\r\n$/)).length, 1, 'a command that is not whole yet holds nothing back');
  socket.write('OP\r\nQUIT\r\n');
  assert.match((await until(/221 .*\r\n$/)).join(''), /^250 .*\r\n221 /);
  socket.destroy();
  await edge.close();
});
