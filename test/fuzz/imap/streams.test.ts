/**
 * Whole sessions of random and damaged commands, before and after the login, cut into pieces anyhow: what comes back
 * is well-formed to the last line, the connection ends, nothing is a bug, and the server goes on. The commands are
 * those of the dialogues. What once failed is kept in `crashers/` and played first.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import fc from 'fast-check';
import { addresses, type ImapTestServer, password, startImapServer } from '../../support/imap-server.ts';
import { deliver, readMessage } from '../../support/imap-transcript.ts';

const numRuns = Number(process.env.FUZZ_RUNS ?? 60);
const patienceMs = 20_000;

let server: ImapTestServer;
const bugs: unknown[] = [];

before(async () => {
  const nothing = () => undefined;
  server = await startImapServer({
    limits: { commandBytes: 8192, messageBytes: 100_000, progressMs: 5 },
    log: {
      connected: nothing,
      turnedAway: nothing,
      tlsFailed: nothing,
      loggedIn: nothing,
      loginFailed: nothing,
      closed: nothing,
      bug: ({ error }) => bugs.push(error),
    },
  });
  for (const file of ['note.eml', 'pec.eml', 'html.eml']) await deliver(server, 'INBOX', readMessage(file));
});

after(() => server.close());

/** The clients' lines of all dialogues; without what changes the form of the answers. */
const commands = globSync('*.txt', { cwd: join(import.meta.dirname, '../../transcript/imap') })
  .sort()
  .flatMap((file) =>
    readFileSync(join(import.meta.dirname, '../../transcript/imap', file), 'utf8').split('\n'),
  )
  .flatMap((line) => {
    const [, text] = /^C\d?: (.+)$/.exec(line) ?? [];
    const [, json] = /^C\d?> (".*")$/.exec(line) ?? [];
    if (text !== undefined) return [`${text}\r\n`];
    return json === undefined ? [] : [JSON.parse(json) as string];
  })
  .filter((line) => !/COMPRESS|STARTTLS|LOGOUT/i.test(line));

interface Damage {
  readonly kind: 'none' | 'flip' | 'drop' | 'double' | 'cut' | 'insert';
  readonly at: number;
  readonly byte: number;
}

const damage: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom('none', 'none', 'none', 'flip', 'drop', 'double', 'cut', 'insert'),
  at: fc.nat(400),
  byte: fc.nat(255),
});

function inflict(bytes: Buffer, { kind, at: wanted, byte }: Damage): Buffer {
  const at = bytes.length === 0 ? 0 : wanted % bytes.length;
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
  if (kind === 'flip') return Buffer.concat([head, Buffer.of(byte), tail.subarray(1)]);
  if (kind === 'drop') return Buffer.concat([head, tail.subarray(1 + (byte % 8))]);
  if (kind === 'double') return Buffer.concat([head, tail.subarray(0, byte % 32), tail]);
  if (kind === 'cut') return Buffer.concat([head, Buffer.from('\r\n')]);
  if (kind === 'insert')
    return Buffer.concat([head, Buffer.from('(){}[]"\\* %$~&+'.charAt(byte % 15)), tail]);
  return bytes;
}

const streams = fc.record({
  login: fc.boolean(),
  select: fc.boolean(),
  lines: fc.array(fc.tuple(fc.nat(commands.length - 1), damage), { maxLength: 14 }),
  /** Where the stream is cut into writes. */
  cuts: fc.array(fc.nat(2000), { maxLength: 4 }),
});

function build({
  login,
  select,
  lines,
}: {
  login: boolean;
  select: boolean;
  lines: [number, Damage][];
}): Buffer {
  const start = login ? `l LOGIN ${addresses[0]} "${password}"\r\n${select ? 's SELECT INBOX\r\n' : ''}` : '';
  const damaged = lines.map(([index, how]) => inflict(Buffer.from(commands[index] ?? '', 'latin1'), how));
  return Buffer.concat([Buffer.from(start), ...damaged]);
}

/** Sends all, closes its side, returns all that came until the server closed. */
function play(bytes: Buffer, cuts: readonly number[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    const place = { port: server.port, host: '127.0.0.1', servername: 'localhost', ca: server.ca };
    const socket = tls.connect(place, () => {
      let from = 0;
      for (const cut of [...cuts, bytes.length].sort((a, b) => a - b)) {
        socket.write(bytes.subarray(from, Math.min(cut, bytes.length)));
        from = Math.min(cut, bytes.length);
      }
      socket.end();
    });
    const timer = setTimeout(() => reject(new Error('the connection does not end')), patienceMs);
    const done = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(Buffer.concat(chunks));
    };
    socket
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', done)
      .on('close', done)
      .on('error', done);
  });
}

/** Each response is a line, with literals of exactly the announced length in it. */
function checkResponses(bytes: Buffer): void {
  let at = 0;
  let isStart = true;
  while (at < bytes.length) {
    const end = bytes.indexOf('\r\n', at);
    assert.ok(end >= 0, `a line without end: ${bytes.subarray(at, at + 200).toString('latin1')}`);
    const line = bytes.subarray(at, end).toString('latin1');
    assert.doesNotMatch(line, /[\r\n\0]/);
    if (isStart) assert.match(line, /^(?:\* |\+ |[^\s(){%*"\\+]+ (?:OK|NO|BAD) )/);
    assert.doesNotMatch(line, /SERVERBUG/);
    const literal = /\{(\d+)\}$/.exec(line)?.[1];
    at = end + 2 + Number(literal ?? 0);
    isStart = literal === undefined;
  }
}

async function checkStream(bytes: Buffer, cuts: readonly number[]): Promise<void> {
  const said = await play(bytes, cuts);
  assert.ok(said.length > 0, 'not even a greeting');
  checkResponses(said);
  assert.deepEqual(bugs, []);
}

test('what failed once does not fail again', async () => {
  for (const file of globSync('crashers/*.bin', { cwd: import.meta.dirname })) {
    await checkStream(readFileSync(join(import.meta.dirname, file)), []);
  }
});

test('any stream of commands is answered in form, and ends', { timeout: 3_600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(streams, async ({ cuts, ...stream }) => {
      const bytes = build(stream);
      try {
        await checkStream(bytes, cuts);
      } catch (error) {
        // To be looked at, and moved to crashers/ when it is mended.
        writeFileSync(join(tmpdir(), 'imap-crasher.bin'), bytes);
        bugs.length = 0;
        throw error;
      }
    }),
    { numRuns },
  );
});
