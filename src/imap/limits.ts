/** What one client, one login and all of them together may use. Sizes in bytes, times in milliseconds. */
export interface ImapLimits {
  readonly connections: number;
  readonly connectionsPerAddress: number;
  readonly connectionsPerMailbox: number;
  /** One command: its lines and its literals, but for the messages of APPEND. */
  readonly commandBytes: number;
  /** One message handed to APPEND (APPENDLIMIT, RFC 7889). */
  readonly messageBytes: number;
  /** From the connection to a successful login, TLS handshake included. */
  readonly loginMs: number;
  /** Without a command, once logged in; RFC 3501 §5.4 wants at least 30 minutes. */
  readonly autologoutMs: number;
  /** A client that neither reads nor sends in the middle of a command. */
  readonly stallMs: number;
  /** How often an idling client hears that the server is still there. */
  readonly stillHereMs: number;
  /** How often a client hears how far a long command is (RFC 9585 recommends 10 to 15 seconds). */
  readonly progressMs: number;
  /** Wrong passwords before the connection is closed. */
  readonly loginFailures: number;
  /** Commands the grammar does not allow, one after the other, before the connection is closed. */
  readonly badCommands: number;
}

const minute = 60_000;

export const defaultLimits: ImapLimits = {
  connections: 20_000,
  connectionsPerAddress: 1_000,
  connectionsPerMailbox: 100,
  commandBytes: 64 * 1024,
  messageBytes: 128 * 1024 * 1024,
  loginMs: 2 * minute,
  autologoutMs: 30 * minute,
  stallMs: 10 * minute,
  stillHereMs: 2 * minute,
  progressMs: 12_000,
  loginFailures: 5,
  badCommands: 20,
};
