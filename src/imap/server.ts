/**
 * The IMAP edge: listens, counts connections, turns away what is too much, and stops in order. One server
 * for each port; several may share store and accounts.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { createLoginDesk } from '../edge/login-desk.ts';
import { createLoginGuard, type LoginGuard } from '../edge/login-guard.ts';
import type { Clock } from '../lib/time.ts';
import type { MailStore } from '../mailbox/mail-store.ts';
import { Connection, type Host } from './connection.ts';
import { defaultLimits, type ImapLimits } from './limits.ts';
import { type ImapLog, silentLog } from './log.ts';
import type { ImapAccounts } from './session.ts';

export interface ImapServerOptions {
  readonly store: MailStore;
  readonly accounts: ImapAccounts;
  /** Asked at each handshake, so that a renewed certificate is used at once. */
  readonly tls: () => SecureContext;
  /** `imaps`: TLS from the first byte (RFC 8314); `imap`: plain until STARTTLS. */
  readonly mode: 'imap' | 'imaps';
  /** One for all edges; one of its own when left out. */
  readonly guard?: LoginGuard;
  readonly log?: ImapLog;
  readonly limits?: Partial<ImapLimits>;
  readonly clock?: Clock;
}

export interface ImapServer {
  /** Resolves with the port when connections are taken; port 0 lets the system choose. */
  listen(port: number, host?: string): Promise<number>;
  /**
   * Takes no more connections, says BYE to those at rest, gives the others `graceMs` to finish their
   * command. Resolves when all are gone.
   */
  close(graceMs?: number): Promise<void>;
  /** Open now. */
  readonly connections: number;
}

/** @example createImapServer({ store, accounts, tls: () => context, mode: 'imaps' }).listen(993) */
export function createImapServer(options: ImapServerOptions): ImapServer {
  return new ListeningServer(options);
}

class ListeningServer implements ImapServer {
  readonly #options: ImapServerOptions;
  readonly #limits: ImapLimits;
  readonly #log: ImapLog;
  readonly #host: Host;
  readonly #server: Server;
  readonly #open = new Map<Connection, Socket>();
  readonly #perAddress = new Tally<string>();
  readonly #perMailbox = new Tally<number>();
  readonly #mailboxes = new Map<Connection, number>();
  #serial = 0;

  constructor(options: ImapServerOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#log = options.log ?? silentLog;
    this.#host = this.#createHost();
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
    for (const connection of this.#open.keys()) connection.shutDown(graceMs);
    // After BYE a client has a moment to close its side; then the socket goes whatever it does.
    const cut = setTimeout(() => {
      for (const socket of this.#open.values()) socket.destroy();
    }, graceMs + 1_000);
    await closed;
    clearTimeout(cut);
  }

  #createHost(): Host {
    const { store, accounts, tls, clock = Date.now } = this.#options;
    const guard = this.#options.guard ?? createLoginGuard(clock);
    return {
      store,
      accounts,
      desk: createLoginDesk({ accounts, guard, scope: 'imap' }),
      tls,
      clock,
      limits: this.#limits,
      log: this.#log,
      claimMailbox: (connection, mailboxId) => this.#claimMailbox(connection, mailboxId),
    };
  }

  #accept(socket: Socket): void {
    const address = socket.remoteAddress ?? 'unknown';
    this.#serial++;
    const facts = { connection: `${this.#options.mode}-${this.#serial}`, address };
    const reason = this.#findReasonAgainst(address);
    if (reason !== undefined) {
      this.#log.turnedAway({ ...facts, reason });
      socket.on('error', () => undefined);
      // Under TLS the client could not read a word before the handshake.
      if (this.#options.mode === 'imap') socket.write(`* BYE [UNAVAILABLE] ${reason}; try again later\r\n`);
      socket.destroySoon();
      return;
    }
    const connection = new Connection(socket, this.#host, facts);
    this.#open.set(connection, socket);
    this.#perAddress.add(address);
    void connection.run(this.#options.mode === 'imaps').then(() => this.#release(connection, address));
  }

  #findReasonAgainst(address: string): string | undefined {
    if (this.#open.size >= this.#limits.connections) return 'Too many connections to this server';
    if (this.#perAddress.count(address) >= this.#limits.connectionsPerAddress) {
      return 'Too many connections from your address';
    }
    return undefined;
  }

  #claimMailbox(connection: Connection, mailboxId: number): boolean {
    if (this.#perMailbox.count(mailboxId) >= this.#limits.connectionsPerMailbox) return false;
    this.#perMailbox.add(mailboxId);
    this.#mailboxes.set(connection, mailboxId);
    return true;
  }

  #release(connection: Connection, address: string): void {
    this.#open.delete(connection);
    this.#perAddress.remove(address);
    const mailboxId = this.#mailboxes.get(connection);
    if (mailboxId === undefined) return;
    this.#mailboxes.delete(connection);
    this.#perMailbox.remove(mailboxId);
  }
}

/** How many of each. */
class Tally<K> {
  readonly #counts = new Map<K, number>();

  count(key: K): number {
    return this.#counts.get(key) ?? 0;
  }

  add(key: K): void {
    this.#counts.set(key, this.count(key) + 1);
  }

  remove(key: K): void {
    const left = this.count(key) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }
}
