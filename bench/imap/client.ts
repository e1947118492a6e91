/** An IMAP client that does as little as it can: it sends a command and waits for the tagged answer. */
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';

export interface Answered {
  readonly ms: number;
  readonly bytes: number;
  /** Only when asked for. */
  readonly text: string;
}

export class BenchClient {
  readonly #socket: TLSSocket;
  #number = 0;
  #take: (chunk: Buffer) => void = () => undefined;
  #fail: (error: Error) => void = () => undefined;

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    const fail = (error?: Error) => this.#fail(error ?? new Error('The server closed the connection'));
    socket.on('error', fail);
    socket.on('close', () => fail());
  }

  /** Connects to loopback and waits for the greeting; certificates are not checked. */
  static async open(port: number): Promise<BenchClient> {
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', rejectUnauthorized: false });
    const client = new BenchClient(socket);
    const greeted = client.#until((tail) => tail.endsWith('\r\n'), false);
    await once(socket, 'secureConnect');
    await greeted;
    return client;
  }

  static async logIn(port: number, user: string, password: string): Promise<BenchClient> {
    const client = await BenchClient.open(port);
    await client.ask(`LOGIN "${user}" "${password}"`);
    return client;
  }

  /** @throws {Error} when the answer is not OK. */
  async ask(command: string | Buffer, keep = false): Promise<Answered> {
    this.#number += 1;
    const tag = `bench${this.#number}`;
    const done = this.#until((tail) => tail.endsWith('\r\n') && findTagged(tail, tag) !== undefined, keep);
    this.#socket.write(Buffer.concat([Buffer.from(`${tag} `), Buffer.from(command), Buffer.from('\r\n')]));
    const { tail, ...answered } = await done;
    const line = findTagged(tail, tag) ?? '';
    if (!line.startsWith(`${tag} OK`)) throw new Error(`${command.toString().slice(0, 80)}: ${line}`);
    return answered;
  }

  /** Goes idle; `told` resolves when the server tells that messages came. */
  async idle(): Promise<{ readonly told: Promise<Answered> }> {
    const ready = this.#until((tail) => tail.includes('+ '), false);
    this.#socket.write('idle IDLE\r\n');
    await ready;
    return { told: this.#until((tail) => tail.includes(' EXISTS\r\n'), false) };
  }

  async stopIdle(): Promise<void> {
    const ended = this.#until((tail) => tail.includes('idle OK'), false);
    this.#socket.write('DONE\r\n');
    await ended;
  }

  close(): void {
    this.#fail = () => undefined;
    this.#socket.destroy();
  }

  #until(isDone: (tail: string) => boolean, keep: boolean): Promise<Answered & { tail: string }> {
    const began = performance.now();
    let bytes = 0;
    let tail = '';
    const kept: string[] = [];
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#take = (chunk) => {
        bytes += chunk.length;
        if (keep) kept.push(chunk.toString('latin1'));
        tail = (tail + chunk.toString('latin1', Math.max(0, chunk.length - 600))).slice(-600);
        if (isDone(tail)) resolve({ ms: performance.now() - began, bytes, text: kept.join(''), tail });
      };
    });
  }
}

function findTagged(tail: string, tag: string): string | undefined {
  const start = tail.lastIndexOf('\n', tail.length - 3) + 1;
  const line = tail.slice(start);
  return line.startsWith(`${tag} `) ? line.trim() : undefined;
}
