/**
 * Runs dialogues kept in text files against a server. One line a step:
 *
 *   # why                  a comment
 *   server: mx errors=3    which edge, and limits that differ
 *   S: 250 ok              the server says exactly this line; `…` stands for any text
 *   C: NOOP                the client sends the line and CRLF; {b64:\0user\0word} is encoded
 *   C> "a\n.\r\n"          the client sends exactly these bytes (a JSON string; "×1000" after it repeats)
 *   TLS                    TLS handshake
 *   CLOSED                 the server has closed, having said nothing more
 *   SILENT                 the server says nothing for a while, and the connection stays
 *   GONE                   the client drops the connection
 *   TAKEN: n               so many messages were accepted so far
 *   CONTENT: "…"           exact content of the last one
 */
import assert from 'node:assert/strict';
import net from 'node:net';
import tls from 'node:tls';
import type { SmtpLimits } from '../../src/smtp/edge.ts';
import { encodeMarks, quote, rawBytes } from './edge-transcript.ts';
import { startEdge, type TestEdge } from './smtp-edges.ts';

const PATIENCE_MS = 10_000;
const SILENCE_MS = 60;

/** One client connection, read line by line. */
export class LineClient {
  #socket: net.Socket;
  #buffer = '';
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(socket: net.Socket) {
    this.#socket = socket;
    this.#listen();
  }

  static connect(port: number): LineClient {
    return new LineClient(net.connect({ port, host: '127.0.0.1', noDelay: true }));
  }

  static connectTls(port: number, ca: string): LineClient {
    return new LineClient(tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ca }));
  }

  write(bytes: string | Uint8Array): void {
    this.#socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** The next line without its end. @throws when none comes, or the connection ends */
  async readLine(): Promise<string> {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    while (true) {
      const end = this.#buffer.indexOf('\n');
      if (end !== -1) {
        const line = this.#buffer.slice(0, end + 1);
        this.#buffer = this.#buffer.slice(end + 1);
        assert.match(line, /^[\t\x20-\x7e]*\r\n$/, 'a reply line is ASCII and ends in CRLF');
        assert.ok(line.length <= 512, 'a reply line has at most 512 octets (RFC 5321 4.5.3.1.5)');
        return line.slice(0, -2);
      }
      if (this.#ended) throw new Error('the server closed the connection');
      await this.#more(deadline);
    }
  }

  async expectClosed(): Promise<void> {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    while (!this.#ended) await this.#more(deadline);
    assert.equal(this.#buffer, '', 'the server said more before it closed');
  }

  async expectSilence(ms = SILENCE_MS): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, ms));
    assert.equal(this.#buffer, '', 'the server should be silent');
    assert.equal(this.#ended, false, 'the connection should be open');
  }

  async startTls(ca: string): Promise<void> {
    assert.equal(this.#buffer, '', 'nothing may come between the reply to STARTTLS and TLS');
    this.#socket.removeAllListeners();
    const secure = tls.connect({ socket: this.#socket, servername: 'localhost', ca });
    this.#socket = secure;
    this.#listen();
    await new Promise<void>((resolve, reject) => {
      secure.once('secureConnect', resolve);
      secure.once('error', reject);
      secure.once('close', () => reject(new Error('closed during the handshake')));
    });
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on('data', (data) => {
      this.#buffer += data.toString('latin1');
      this.#wake();
    });
    const end = () => {
      this.#ended = true;
      this.#wake();
    };
    socket.on('end', end);
    socket.on('close', end);
    socket.on('error', end);
  }

  async #more(deadline: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#wake = resolve;
      if (deadline.aborted)
        reject(new Error(`waited ${PATIENCE_MS} ms; got ${JSON.stringify(this.#buffer)}`));
      deadline.addEventListener('abort', () =>
        reject(new Error(`waited ${PATIENCE_MS} ms; got ${JSON.stringify(this.#buffer)}`)),
      );
    });
  }
}

interface Run {
  edge: TestEdge;
  client: LineClient;
}

/** Runs one file; throws at the first line that does not come true, with its number. */
export async function runTranscript(text: string): Promise<void> {
  const lines = text.split('\n');
  let run: Run | undefined;
  try {
    for (const [index, line] of lines.entries()) {
      if (line === '' || line.startsWith('#')) continue;
      try {
        run = await runStep(line, run);
      } catch (error) {
        throw new Error(`line ${index + 1}: ${line}\n${(error as Error).message}`, { cause: error });
      }
    }
  } finally {
    run?.client.destroy();
    await run?.edge.close();
  }
}

async function runStep(line: string, run: Run | undefined): Promise<Run> {
  if (run === undefined || line.startsWith('server:')) return startRun(line);
  const { client, edge } = run;
  const word = /^(\S+) ?/.exec(line)?.[1];
  const rest = line.slice((word ?? '').length + 1);
  if (word === 'S:') assert.match(await client.readLine(), patternOf(rest));
  else if (word === 'C:') client.write(`${encodeMarks(rest)}\r\n`);
  else if (word === 'C>') client.write(rawBytes(encodeMarks(rest)));
  else if (word === 'TLS') await client.startTls(edge.ca);
  else if (word === 'CLOSED') await client.expectClosed();
  else if (word === 'SILENT') await client.expectSilence();
  else if (word === 'GONE') client.destroy();
  else if (word === 'TAKEN:') await expectTaken(edge, Number(rest));
  else if (word === 'CONTENT:') assert.equal(edge.taken.at(-1)?.content, JSON.parse(rest));
  else throw new Error('no such step');
  return run;
}

async function startRun(line: string): Promise<Run> {
  const match = /^server: (submission|submissions|mx)((?: \w+=\d+)*)$/.exec(line);
  if (match === null) throw new Error('the first step is "server: submission|submissions|mx [limit=n…]"');
  const kind = match[1] as 'submission' | 'submissions' | 'mx';
  const limits = Object.fromEntries(
    (match[2] ?? '')
      .split(' ')
      .filter(Boolean)
      .map((pair) => [pair.split('=')[0], Number(pair.split('=')[1])]),
  ) as Partial<SmtpLimits>;
  const edge = await startEdge({ kind, limits });
  const client =
    kind === 'submissions' ? LineClient.connectTls(edge.port, edge.ca) : LineClient.connect(edge.port);
  return { edge, client };
}

async function expectTaken(edge: TestEdge, count: number): Promise<void> {
  if (count === 0) await new Promise((resolve) => setTimeout(resolve, SILENCE_MS));
  assert.equal(edge.taken.length, count, `messages taken: ${JSON.stringify(edge.taken)}`);
}

function patternOf(text: string): RegExp {
  return new RegExp(`^${text.split('…').map(quote).join('.*')}$`);
}
