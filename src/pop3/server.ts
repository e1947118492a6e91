/**
 * The POP3 edge: listens, counts connections, turns away what is too much, and stops in order. One server for each
 * port; several may share maildrops and accounts.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { Admission, plainAddress } from '../edge/admission.ts';
import { createLoginDesk } from '../edge/login-desk.ts';
import type { LoginGuard } from '../edge/login-guard.ts';
import type { Maildrops } from '../mailbox/maildrop.ts';
import { Connection, type Host } from './connection.ts';
import { defaultLimits, type Pop3Limits } from './limits.ts';
import { type Pop3Log, silentLog } from './log.ts';
import type { Pop3Accounts } from './session.ts';

export interface Pop3ServerOptions {
  /** One for all servers of the process. */
  readonly maildrops: Maildrops;
  readonly accounts: Pop3Accounts;
  /** One for all edges. */
  readonly guard: LoginGuard;
  /** Asked at each handshake, so that a renewed certificate is used at once. */
  readonly tls: () => SecureContext;
  /** `pop3s`: TLS from the first byte (RFC 8314); `pop3`: plain until STLS. */
  readonly mode: 'pop3' | 'pop3s';
  readonly log?: Pop3Log;
  readonly limits?: Partial<Pop3Limits>;
}

export interface Pop3Server {
  /** Resolves with the port when connections are taken; port 0 lets the system choose. */
  listen(port: number, host?: string): Promise<number>;
  /**
   * Takes no more connections, closes those at rest, gives the others `graceMs` to finish their command. Resolves
   * when all are gone and their maildrops free.
   */
  close(graceMs?: number): Promise<void>;
  /** Open now. */
  readonly connections: number;
}

/** @example createPop3Server({ maildrops, accounts, guard, tls: () => context, mode: 'pop3s' }).listen(995) */
export function createPop3Server(options: Pop3ServerOptions): Pop3Server {
  return new ListeningServer(options);
}

class ListeningServer implements Pop3Server {
  readonly #mode: 'pop3' | 'pop3s';
  readonly #host: Host;
  readonly #admission: Admission;
  readonly #server: Server;
  readonly #open = new Map<Connection, { readonly socket: Socket; readonly served: Promise<void> }>();
  #serial = 0;

  constructor(options: Pop3ServerOptions) {
    const { mode, maildrops, accounts, guard, tls, log = silentLog } = options;
    const limits = { ...defaultLimits, ...options.limits };
    this.#mode = mode;
    const desk = createLoginDesk({ accounts, guard, scope: 'pop3' });
    this.#host = { maildrops, accounts, desk, tls, log, limits };
    this.#admission = new Admission(limits);
    this.#server = createServer({ noDelay: true, keepAlive: true }, (socket) => this.#accept(socket));
  }

  get connections(): number {
    return this.#open.size;
  }

  listen(port: number, host = '::'): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  async close(graceMs = 5_000): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    const served = [...this.#open.values()].map((each) => each.served);
    for (const connection of this.#open.keys()) connection.shutDown(graceMs);
    const cut = setTimeout(() => {
      for (const { socket } of this.#open.values()) socket.destroy();
    }, graceMs + 1_000);
    await closed;
    await Promise.all(served);
    clearTimeout(cut);
  }

  #accept(socket: Socket): void {
    const address = plainAddress(socket.remoteAddress ?? 'unknown');
    this.#serial += 1;
    const facts = { connection: `${this.#mode}-${this.#serial}`, address };
    const refusal = this.#admission.enter(address);
    if (refusal !== undefined) {
      this.#host.log.turnedAway({ ...facts, reason: refusal });
      socket.on('error', () => undefined);
      // Under TLS the client could not read a word before the handshake.
      if (this.#mode === 'pop3') socket.write('-ERR [SYS/TEMP] Too many connections; try again later\r\n');
      socket.destroySoon();
      return;
    }
    const connection = new Connection(socket, this.#host, facts);
    const served = connection.run(this.#mode === 'pop3s').then(() => {
      this.#open.delete(connection);
      this.#admission.leave(address);
    });
    this.#open.set(connection, { socket, served });
  }
}
