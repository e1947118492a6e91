/**
 * smtp-server with StrictConnection for its sessions, live TLS contexts (a renewed certificate counts from the
 * next handshake on) and admission before anything costly, the TLS handshake included (ADR 0015).
 */
import type net from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { SMTPConnection, SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js';
import { Admission, plainAddress, type Refusal } from '../edge/admission.ts';
import type { SmtpLimits } from './edge.ts';
import type { SaslTerms } from './sasl-dialogue.ts';
import { StrictConnection } from './strict-connection.ts';

export interface StrictEdge {
  readonly limits: SmtpLimits;
  readonly hostname: string;
  /** TLS from the first byte, or by STARTTLS. */
  readonly mode: 'implicit' | 'starttls';
  /** Asked at each handshake. */
  readonly tls: () => SecureContext;
  /** False on the incoming point, where nobody logs in. */
  readonly login: boolean;
  /** For mechanisms that smtp-server lacks; left out where there are none. */
  readonly sasl?: SaslTerms;
  readonly turnedAway: (address: string, reason: Refusal) => void;
}

export type StrictHandlers = Pick<
  SMTPServerOptions,
  'onConnect' | 'onSecure' | 'onAuth' | 'onMailFrom' | 'onRcptTo' | 'onData' | 'onClose'
>;

/** smtp-server asks this map for the context of every handshake; the answer is always the present one. */
class LiveContexts extends Map<string, SecureContext> {
  readonly #current: () => SecureContext;

  constructor(current: () => SecureContext) {
    super();
    this.#current = current;
  }

  override get(_servername: string): SecureContext {
    return this.#current();
  }
}

function serverOptions(edge: StrictEdge, handlers: StrictHandlers): SMTPServerOptions {
  return {
    ...handlers,
    name: edge.hostname,
    secure: edge.mode === 'implicit',
    // With a callback smtp-server does not fall back to the certificate it ships, whose key is public.
    SNICallback: (_servername, answer) => answer(null, edge.tls()),
    // No XCLIENT or XFORWARD: a client must not choose the address it is known by.
    disabledCommands: ['WIZ', 'SHELL', 'KILL', 'XCLIENT', 'XFORWARD', ...(edge.login ? [] : ['AUTH'])],
    authMethods: ['PLAIN', 'LOGIN'],
    authOptional: !edge.login,
    authRequiredMessage:
      edge.mode === 'implicit' ? '5.7.0 Authenticate first' : '5.7.0 Start TLS and authenticate first',
    // Counted by StrictConnection; this one counts AUTH continuation lines too.
    maxAllowedUnauthenticatedCommands: false,
    hideENHANCEDSTATUSCODES: false,
    hideSMTPUTF8: true,
    size: edge.limits.messageBytes,
    maxRecipients: edge.limits.recipients,
    socketTimeout: edge.limits.idleMs,
    disableReverseLookup: true,
    logger: false,
  };
}

export class StrictServer extends SMTPServer {
  readonly edge: StrictEdge;
  readonly #admission: Admission;

  constructor(edge: StrictEdge, handlers: StrictHandlers) {
    super(serverOptions(edge, handlers));
    this.edge = edge;
    this.#admission = new Admission(edge.limits);
    this.secureContext = new LiveContexts(edge.tls);
  }

  /** Sockets open now, those in a TLS handshake too. */
  get sockets(): number {
    return this.#admission.count;
  }

  override connect(socket: net.Socket | TLSSocket, options?: SMTPConnectionOptions | null): void {
    const connection = new StrictConnection(this, socket, options);
    this.connections.add(connection);
    connection.on('error', (error) => this._onError(error));
    connection.init();
  }

  override _acceptSocket(socket: net.Socket, handshake: boolean): (() => void) | false {
    const address = plainAddress(socket.remoteAddress ?? '');
    const reason = this.#admission.enter(address);
    if (reason === undefined) {
      socket.once('close', () => this.#admission.leave(address));
      return super._acceptSocket(socket, handshake);
    }
    this.edge.turnedAway(address, reason);
    socket.on('error', () => undefined);
    // Before a handshake nothing can be said.
    if (handshake) socket.destroy();
    else
      socket.end(`421 ${this.edge.hostname} Too many connections, try again later\r\n`, () =>
        socket.destroy(),
      );
    return false;
  }

  /** Ends sessions with 421 as soon as no message is under way in them, at most `graceMs` later by cutting them. */
  async stop(graceMs: number): Promise<void> {
    this.options.closeTimeout = graceMs;
    const closed = new Promise<void>((resolve) => this.close(() => resolve()));
    const told = new WeakSet<SMTPConnection>();
    const endIdle = () => {
      for (const connection of this.connections)
        if (!told.has(connection) && !(connection as StrictConnection).busy) {
          told.add(connection);
          connection.send(421, '4.3.2 Service closing, try again later');
        }
    };
    endIdle();
    const looking = setInterval(endIdle, 20);
    await closed;
    clearInterval(looking);
    for (const connection of this.connections) connection._socket.destroy();
  }
}
