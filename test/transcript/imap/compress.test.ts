/** COMPRESS=DEFLATE (RFC 4978), which a dialogue of lines cannot show. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { ImapTestClient } from '../../support/imap-client.ts';
import { addresses, password, startImapServer } from '../../support/imap-server.ts';
import { deliver, readMessage } from '../../support/imap-transcript.ts';

/** Reads inflated bytes until `end` stands in them. */
async function readTo(source: AsyncIterator<Buffer>, end: string): Promise<string> {
  let text = '';
  while (!text.includes(end)) {
    const { value, done } = await source.next();
    if (done) throw new Error(`ended after ${JSON.stringify(text)}`);
    text += value.toString('latin1');
  }
  return text;
}

test('compresses both ways, exactly, and only once', async (t) => {
  const server = await startImapServer();
  t.after(() => server.close());
  const long = Buffer.from(`Subject: lungo\r\n\r\n${'riga uguale alle altre\r\n'.repeat(20_000)}`);
  await deliver(server, 'INBOX', long);
  await deliver(server, 'INBOX', readMessage('pec.eml'));
  const client = ImapTestClient.connect(server, true);
  t.after(() => client.destroy());
  await client.readLine();
  const login = (await client.command('l', `LOGIN ${addresses[0]} "${password}"`)).at(-1) ?? '';
  assert.match(login, / COMPRESS=DEFLATE /);
  assert.match((await client.command('w', 'COMPRESS ZIP')).at(-1) ?? '', /^w NO \[CANNOT\]/);
  assert.match((await client.command('c', 'COMPRESS DEFLATE')).at(-1) ?? '', /^c OK/);

  const { socket } = client;
  socket.removeAllListeners('data');
  const inflate = zlib.createInflateRaw();
  const deflate = zlib.createDeflateRaw({ flush: zlib.constants.Z_SYNC_FLUSH });
  let wire = 0;
  socket.on('data', (chunk: Buffer) => {
    wire += chunk.length;
    inflate.write(chunk);
  });
  deflate.pipe(socket);
  const answers = inflate[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  deflate.write('s SELECT INBOX\r\n');
  await readTo(answers, 's OK');
  deflate.write('f FETCH 1:2 BODY.PEEK[]\r\n');
  const fetched = await readTo(answers, 'f OK');
  assert.ok(fetched.includes(long.toString('latin1')));
  assert.ok(fetched.includes(readMessage('pec.eml').toString('latin1')));
  assert.ok(wire < long.length / 20, `${wire} bytes on the wire for ${long.length}`);
  deflate.write(`a APPEND Drafts {${long.length}+}\r\n`);
  deflate.write(long);
  deflate.write('\r\nd COMPRESS DEFLATE\r\nq LOGOUT\r\n');
  const last = await readTo(answers, 'q OK');
  assert.match(last, /a OK \[APPENDUID/);
  assert.match(last, /d NO \[COMPRESSIONACTIVE\]/);
  assert.match(last, /\* BYE/);
});

test('rubbish instead of compressed data ends the connection', async (t) => {
  const server = await startImapServer();
  t.after(() => server.close());
  const client = ImapTestClient.connect(server, true);
  t.after(() => client.destroy());
  await client.readLine();
  await client.command('l', `LOGIN ${addresses[0]} "${password}"`);
  await client.command('c', 'COMPRESS DEFLATE');
  client.write('n NOOP\r\n'.repeat(100));
  while (server.server.connections > 0) await new Promise((resolve) => setTimeout(resolve, 5));
});
