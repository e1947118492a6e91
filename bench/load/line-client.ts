/** A TLS connection that answers line by line: as little work as possible, since the load generator shares the machine. */
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';

export class LineClient {
  readonly #socket: TLSSocket;
  readonly #onLine: (line: string) => void;
  #rest = '';
  #failure: Error | undefined;
  #onFailure: (error: Error) => void = () => undefined;

  private constructor(socket: TLSSocket, onLine: (line: string) => void) {
    this.#socket = socket;
    this.#onLine = onLine;
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#take(text));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the server closed the connection')));
  }

  /** Connects to loopback; certificates are not checked, since the servers have made their own a moment ago. */
  static async open(port: number, onLine: (line: string) => void): Promise<LineClient> {
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', rejectUnauthorized: false });
    const client = new LineClient(socket, onLine);
    await once(socket, 'secureConnect');
    return client;
  }

  /** Called once, also when the connection is lost already. */
  whenLost(call: (error: Error) => void): void {
    if (this.#failure === undefined) this.#onFailure = call;
    else call(this.#failure);
  }

  write(bytes: string | Uint8Array): void {
    if (typeof bytes === 'string') this.#socket.write(bytes, 'latin1');
    else this.#socket.write(bytes);
  }

  /** Says no more; the server may still answer. */
  end(bytes: string): void {
    this.#onFailure = () => undefined;
    this.#socket.end(bytes, 'latin1');
  }

  #take(text: string): void {
    const input = this.#rest === '' ? text : this.#rest + text;
    let from = 0;
    for (let end = input.indexOf('\r\n'); end >= 0; end = input.indexOf('\r\n', from)) {
      this.#onLine(input.slice(from, end));
      from = end + 2;
    }
    this.#rest = from === input.length ? '' : input.slice(from);
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#onFailure(error);
  }
}
