/** Fetches whole messages byte for byte; for few and large ones. */
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import type { Account } from './smtp-sender.ts';

/** All messages of the INBOX, first listed as mail programs do, then one after the other, as the server sends them. */
export async function* fetchMessages(port: number, account: Account): AsyncGenerator<Buffer> {
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const reader = new Reader(socket);
  try {
    await reader.untilTagged('');
    await reader.ask(`LOGIN "${account.address}" "${account.password}"`);
    const messages = Number(/\* (\d+) EXISTS/.exec(await reader.ask('SELECT INBOX'))?.[1] ?? 0);
    if (messages > 0) await reader.ask('FETCH 1:* (UID FLAGS ENVELOPE BODYSTRUCTURE)');
    for (let number = 1; number <= messages; number += 1) yield await reader.fetch(number);
  } finally {
    socket.destroy();
  }
}

class Reader {
  readonly #socket: TLSSocket;
  readonly #chunks: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);
  #tag = 0;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    this.#chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  async ask(command: string): Promise<string> {
    this.#tag += 1;
    this.#socket.write(`f${this.#tag} ${command}\r\n`);
    return this.untilTagged(`f${this.#tag}`);
  }

  /** All lines up to the one with the tag; the greeting when the tag is empty. */
  async untilTagged(tag: string): Promise<string> {
    let text = '';
    for (;;) {
      const line = await this.#line();
      text += `${line}\n`;
      if (tag !== '' && line.startsWith(`${tag} `) && !line.startsWith(`${tag} OK`)) throw new Error(line);
      if (line.startsWith(tag === '' ? '* OK' : `${tag} OK`)) return text;
    }
  }

  async fetch(number: number): Promise<Buffer> {
    this.#tag += 1;
    this.#socket.write(`f${this.#tag} FETCH ${number} (RFC822.SIZE BODY.PEEK[])\r\n`);
    const line = await this.#line();
    const announced = Number(/RFC822\.SIZE (\d+)/.exec(line)?.[1]);
    const length = Number(/\{(\d+)\}$/.exec(line)?.[1]);
    if (announced !== length) throw new Error(`the server announced ${announced} bytes and sends ${length}`);
    const bytes = await this.#take(length);
    await this.untilTagged(`f${this.#tag}`);
    return bytes;
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#held.indexOf('\r\n');
      if (end >= 0) {
        const line = this.#held.toString('latin1', 0, end);
        this.#held = this.#held.subarray(end + 2);
        return line;
      }
      this.#held = Buffer.concat([this.#held, await this.#chunk()]);
    }
  }

  async #take(length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      if (this.#held.length === 0) this.#held = await this.#chunk();
      const copied = this.#held.copy(bytes, filled);
      filled += copied;
      this.#held = this.#held.subarray(copied);
    }
    return bytes;
  }

  async #chunk(): Promise<Buffer> {
    const next = await this.#chunks.next();
    if (next.done === true) throw new Error('the server closed the connection');
    return next.value;
  }
}
