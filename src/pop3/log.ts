/**
 * What this room tells the diagnostics log: one typed method per event. Never a password or the content of a
 * message.
 */
export interface ConnectionFacts {
  /** Distinguishes connections in the log. */
  readonly connection: string;
  /** The client's IP address. */
  readonly address: string;
}

export interface Pop3Log {
  connected(event: ConnectionFacts & { readonly implicitTls: boolean }): void;
  /** A connection turned away for a limit. */
  turnedAway(event: ConnectionFacts & { readonly reason: string }): void;
  tlsFailed(event: ConnectionFacts & { readonly reason: string }): void;
  loggedIn(
    event: ConnectionFacts & {
      readonly login: string;
      readonly mechanism: string;
      /** Its number, if it was one. */
      readonly applicationPassword?: number;
    },
  ): void;
  loginFailed(
    event: ConnectionFacts & {
      readonly login: string;
      readonly mechanism: string;
      readonly reason: 'credentials' | 'locked';
    },
  ): void;
  /** The end of a session by QUIT, with what it removed for good. */
  updated(event: ConnectionFacts & { readonly login: string; readonly deleted: number }): void;
  /** Something thrown that is no answer: a bug. `id` is what the client was told. */
  bug(
    event: ConnectionFacts & { readonly id: string; readonly command: string; readonly error: unknown },
  ): void;
  closed(
    event: ConnectionFacts & {
      readonly login: string | undefined;
      readonly reason: string;
      readonly commands: number;
      readonly retrieved: number;
      readonly bytesOut: number;
    },
  ): void;
}

const nothing = () => undefined;

export const silentLog: Pop3Log = {
  connected: nothing,
  turnedAway: nothing,
  tlsFailed: nothing,
  loggedIn: nothing,
  loginFailed: nothing,
  updated: nothing,
  bug: nothing,
  closed: nothing,
};
