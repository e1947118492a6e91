/** What one client, one address and all of them together may use. Times in milliseconds. */
export interface Pop3Limits {
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** One command line in bytes. RFC 2449 §4 gives clients 255; passwords in UTF-8 may need more. */
  readonly lineBytes: number;
  /** From the connection to a successful login, TLS handshake included. */
  readonly loginMs: number;
  /** Without a command, once logged in; RFC 1939 §3 wants at least 10 minutes. */
  readonly autologoutMs: number;
  /** A client that neither reads nor sends in the middle of an answer. */
  readonly stallMs: number;
  /** Wrong passwords before the connection is closed. */
  readonly loginFailures: number;
  /** Commands refused one after the other before the connection is closed. */
  readonly badCommands: number;
}

const minute = 60_000;

export const defaultLimits: Pop3Limits = {
  connections: 5_000,
  connectionsPerAddress: 100,
  lineBytes: 2_048,
  loginMs: 2 * minute,
  autologoutMs: 10 * minute,
  stallMs: 5 * minute,
  loginFailures: 5,
  badCommands: 20,
};
