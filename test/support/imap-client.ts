/** A client that only knows bytes and lines: what transcripts and fuzzers talk to the server with. */
import assert from 'node:assert/strict';
import net from 'node:net';
import tls from 'node:tls';

const patienceMs = 5000;

export class ImapTestClient {
  #socket: net.Socket;
  /** What has come and was not read yet; put together when somebody looks. */
  #pieces: Buffer[] = [];
  #length = 0;
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(socket: net.Socket) {
    this.#socket = socket;
    this.#listen();
  }

  static connect({ port, ca }: { port: number; ca: string }, secure: boolean): ImapTestClient {
    const place = { port, host: '127.0.0.1' };
    return new ImapTestClient(
      secure
        ? tls.connect({ ...place, servername: 'localhost', ca })
        : net.connect({ ...place, noDelay: true }),
    );
  }

  get socket(): net.Socket {
    return this.#socket;
  }

  /** A string is sent as UTF-8. */
  write(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** The next line without its CRLF. @throws when none comes, or the connection ends */
  async readLine(): Promise<string> {
    for (;;) {
      const end = this.#buffer.indexOf('\r\n');
      if (end >= 0) {
        const line = this.#buffer.subarray(0, end).toString('utf8');
        this.#buffer = this.#buffer.subarray(end + 2);
        return line;
      }
      if (this.#ended) throw new Error('the server closed the connection');
      await this.#more();
    }
  }

  async readBytes(count: number): Promise<Buffer> {
    while (this.#length < count) {
      if (this.#ended) throw new Error('the server closed the connection');
      await this.#more();
    }
    const bytes = this.#buffer.subarray(0, count);
    this.#buffer = this.#buffer.subarray(count);
    return bytes;
  }

  async expectClosed(): Promise<void> {
    while (!this.#ended) await this.#more();
    assert.equal(this.#buffer.toString(), '', 'the server said more before it closed');
  }

  /** Nothing was said so far; true news would have come with the answer of another connection. */
  expectSilence(): void {
    assert.equal(this.#buffer.toString(), '', 'the server should be silent');
    assert.equal(this.#ended, false, 'the connection should be open');
  }

  async startTls(ca: string): Promise<void> {
    assert.equal(this.#buffer.length, 0, 'nothing may come between the answer to STARTTLS and TLS');
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

  /** Sends a command and returns all lines up to its tagged answer. */
  async command(tag: string, text: string): Promise<string[]> {
    this.write(`${tag} ${text}\r\n`);
    const lines: string[] = [];
    for (;;) {
      const line = await this.readLine();
      lines.push(line);
      if (line.startsWith(`${tag} `)) return lines;
    }
  }

  destroy(): void {
    this.#socket.destroy();
  }

  get #buffer(): Buffer {
    const [first = Buffer.alloc(0), ...others] = this.#pieces;
    if (others.length === 0) return first;
    const whole = Buffer.concat(this.#pieces);
    this.#pieces = [whole];
    return whole;
  }

  set #buffer(rest: Buffer) {
    this.#pieces = [rest];
    this.#length = rest.length;
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on('data', (data: Buffer) => {
      this.#pieces.push(data);
      this.#length += data.length;
      this.#wake();
    });
    const end = () => {
      this.#ended = true;
      this.#wake();
    };
    socket.on('end', end).on('close', end).on('error', end);
  }

  async #more(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const late = () =>
        reject(new Error(`waited ${patienceMs} ms; got ${JSON.stringify(this.#buffer.toString())}`));
      const timer = setTimeout(late, patienceMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
