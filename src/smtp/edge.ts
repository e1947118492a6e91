/**
 * What the two SMTP edges (submission, incoming point) have in common towards the rest of the house: who is at
 * the other end, what a running server can be asked, and what it tells the diagnostics. No PEC rule lives here.
 */

/** The other end of a connection, as far as it is known when a message comes. */
export interface SmtpClient {
  /** IP address; IPv4 in dotted form also on a dual-stack socket. */
  readonly address: string;
  /** Argument of HELO or EHLO, lower case. It is what the client says, nothing more. */
  readonly helo: string;
  /** Protocol and cipher, e.g. `TLSv1.3 TLS_AES_256_GCM_SHA384`; empty when the connection is in clear. */
  readonly tls: string;
}

/** What the sender of the reply to the final dot wants the client to read, one line. */
export interface SmtpAcceptance {
  readonly text: string;
  /**
   * Called once the reply was handed to the client's connection; never when the connection was gone by then.
   * What it throws goes to the diagnostics: the client has its answer.
   */
  readonly answered?: () => Promise<void> | void;
}

export interface SmtpListening {
  readonly address: string;
  readonly port: number;
}

export interface SmtpServer {
  /** Port 0 lets the system choose. Rejects with the system's error when the port cannot be had. */
  listen(port: number, host: string): Promise<SmtpListening>;
  /**
   * Takes no new connection, closes the idle ones with 421 and lets messages under way end for at most
   * `graceMs` milliseconds; what is left then is cut off, and its clients try again.
   */
  close(graceMs: number): Promise<void>;
  /** Connections open now. */
  readonly connections: number;
}

export type SmtpEdgeName = 'submission' | 'submissions' | 'mx';

interface OfSession {
  readonly edge: SmtpEdgeName;
  /** Names the connection in all its events. */
  readonly session: string;
  /** IP address of the client. */
  readonly address: string;
}

/** Diagnostics, for the operator; never the legal log. No password ever stands in one. */
export type SmtpEvent =
  | (OfSession & { readonly event: 'connected' | 'closed' })
  | (OfSession & {
      readonly event: 'turned-away';
      readonly reason: 'too-many-connections' | 'too-many-from-address';
    })
  | (OfSession & {
      readonly event: 'login';
      readonly login: string;
      /** Its number, if it was one. */
      readonly applicationPassword?: number;
    })
  | (OfSession & {
      readonly event: 'login-failed';
      readonly login: string;
      readonly reason: 'credentials' | 'locked' | 'unavailable';
    })
  | (OfSession & {
      readonly event: 'refused';
      readonly at: 'MAIL' | 'RCPT' | 'DATA' | 'SESSION';
      readonly code: number;
      readonly enhanced: string;
      readonly text: string;
      readonly cause?: unknown;
    })
  | (OfSession & {
      readonly event: 'message';
      readonly reversePath: string;
      readonly recipients: number;
      readonly bytes: number;
      readonly text: string;
    })
  /** A bug or an outage answered with 451; the client was told `id`. Empty when the client had its answer before. */
  | (OfSession & { readonly event: 'fault'; readonly id: string; readonly error: unknown })
  | (OfSession & { readonly event: 'connection-error'; readonly error: Error });

export type SmtpLog = (event: SmtpEvent) => void;

/** What one client may ask for. All must be positive. */
export interface SmtpLimits {
  /** Largest message in bytes; announced with SIZE, enforced while it streams (RFC 1870 §6). */
  readonly messageBytes: number;
  /** Recipients of one transaction; RFC 5321 §4.5.3.1.8 asks for 100 at least. */
  readonly recipients: number;
  readonly connections: number;
  /** Of these, from one IPv4 address or one IPv6 /64. */
  readonly connectionsPerAddress: number;
  /** Silence after which the connection is closed; RFC 5321 §4.5.3.2.7 asks for 5 minutes at least. */
  readonly idleMs: number;
  /** Longest life of a connection. */
  readonly sessionMs: number;
  /** Negative replies after which the session ends with 421. */
  readonly errors: number;
  /** Commands that carry no message on, since the last message, after which the session ends with 421. */
  readonly emptyCommands: number;
  /** AUTH commands of one session. */
  readonly logins: number;
  /** How long input may rest after a non-standard final dot before the reply; see strict-stream.ts. */
  readonly looseEndMs: number;
}

export const defaultLimits: SmtpLimits = {
  messageBytes: 100 * 1024 * 1024,
  recipients: 500,
  connections: 5000,
  connectionsPerAddress: 100,
  idleMs: 5 * 60_000,
  sessionMs: 2 * 3_600_000,
  errors: 20,
  emptyCommands: 100,
  logins: 5,
  looseEndMs: 2000,
};
