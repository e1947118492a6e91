/**
 * An SMTP client that says exactly what it is told, byte for byte, over TLS or in clear: what a mail program, a
 * peer or an attacker is to the provider.
 */
import net from 'node:net';
import tls from 'node:tls';

export interface Reply {
  readonly code: number;
  /** RFC 3463, or empty. */
  readonly enhanced: string;
  /** All lines without code and status, joined by a blank. */
  readonly text: string;
}

/** The server went away before it had answered. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

const patienceMs = 30_000;

export class SmtpTalker {
  #socket: net.Socket;
  #input = '';
  #ended = false;
  #wake: () => void = () => undefined;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    this.#listen(socket);
  }

  /** Connects and reads the greeting. With `ca` TLS begins at once. */
  static async open(port: number, ca?: string): Promise<SmtpTalker> {
    const place = { port, host: '127.0.0.1' };
    const socket =
      ca === undefined
        ? net.connect({ ...place, noDelay: true })
        : tls.connect({ ...place, servername: 'localhost', ca });
    const talker = new SmtpTalker(socket);
    await talker.reply();
    return talker;
  }

  get socket(): net.Socket {
    return this.#socket;
  }

  #listen(socket: net.Socket): void {
    socket.setNoDelay(true);
    socket.on('data', (data) => {
      this.#input += data.toString('latin1');
      this.#wake();
    });
    const end = () => {
      this.#ended = true;
      this.#wake();
    };
    socket.on('close', end);
    socket.on('error', end);
  }

  /** @throws {ConnectionLost} */
  async reply(): Promise<Reply> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const match = /^(?:\d{3}-[^\r\n]*\r\n)*\d{3}(?: [^\r\n]*)?\r\n/.exec(this.#input);
      if (match !== null) {
        this.#input = this.#input.slice(match[0].length);
        return parseReply(match[0]);
      }
      if (this.#ended) throw new ConnectionLost('the server closed the connection');
      if (Date.now() > deadline) throw new Error('no reply from the server');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, patienceMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Waits while the socket is full; returns at once when the server is gone. */
  async write(bytes: string | Uint8Array): Promise<void> {
    if (this.#ended) return;
    const chunk = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    if (this.#socket.write(chunk)) return;
    await new Promise<void>((resolve) => {
      const socket = this.#socket;
      const go = () => {
        for (const event of ['drain', 'close', 'error']) socket.off(event, go);
        resolve();
      };
      for (const event of ['drain', 'close', 'error']) socket.once(event, go);
    });
  }

  async command(line: string): Promise<Reply> {
    await this.write(`${line}\r\n`);
    return this.reply();
  }

  async startTls(ca: string): Promise<void> {
    await this.command('STARTTLS');
    this.#socket.removeAllListeners();
    this.#socket = tls.connect({ socket: this.#socket, servername: 'localhost', ca });
    this.#listen(this.#socket);
  }

  async login(name: string, password: string): Promise<Reply> {
    const token = Buffer.from(`\0${name}\0${password}`).toString('base64');
    return this.command(`AUTH PLAIN ${token}`);
  }

  /** Closes without a word. */
  drop(): void {
    this.#socket.destroy();
  }

  async quit(): Promise<void> {
    await this.command('QUIT').catch(() => undefined);
    this.#socket.destroy();
  }
}

function parseReply(raw: string): Reply {
  const lines = raw.split('\r\n').slice(0, -1);
  const code = Number(lines[0]?.slice(0, 3));
  const texts = lines.map((line) => line.slice(4));
  const enhanced = /^[245]\.\d{1,3}\.\d{1,3}(?= |$)/.exec(texts[0] ?? '')?.[0] ?? '';
  const text = texts.map((line) => (enhanced === '' ? line : line.slice(enhanced.length + 1))).join(' ');
  return { code, enhanced, text };
}

export interface Transaction {
  readonly from: string;
  readonly to: readonly string[];
  /** The message; dots are doubled here. */
  readonly message: Uint8Array | AsyncIterable<Uint8Array>;
  /** Parameters after MAIL FROM. */
  readonly parameters?: string;
}

/** One transaction on an open session: the reply to the final dot, or the first refusal before it. */
export async function transact(talker: SmtpTalker, transaction: Transaction): Promise<Reply> {
  const { from, to, message, parameters = '' } = transaction;
  const commands = [`MAIL FROM:<${from}>${parameters}`, ...to.map((one) => `RCPT TO:<${one}>`), 'DATA'];
  for (const command of commands) {
    const reply = await talker.command(command);
    if (reply.code >= 400) return reply;
  }
  if (message instanceof Uint8Array) await talker.write(stuffDots(message));
  else for await (const chunk of message) await talker.write(chunk);
  await talker.write('\r\n.\r\n');
  return talker.reply();
}

/** RFC 5321 §4.5.2, and without a last CRLF: the one before the final dot is its. */
export function stuffDots(message: Uint8Array): Uint8Array {
  const text = Buffer.from(message.buffer, message.byteOffset, message.length).toString('latin1');
  const stuffed = text.replace(/^\./, '..').replaceAll('\r\n.', '\r\n..');
  return Buffer.from(stuffed.endsWith('\r\n') ? stuffed.slice(0, -2) : stuffed, 'latin1');
}
