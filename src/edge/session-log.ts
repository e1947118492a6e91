/**
 * What the edges where mail is read tell the diagnostics log: one typed method per event. Never a password, a literal, or
 * the content of a message.
 */
export interface ConnectionFacts {
  /** Distinguishes connections in the log. */
  readonly connection: string;
  /** The client's IP address. */
  readonly address: string;
}

export interface SessionEnd extends ConnectionFacts {
  readonly login: string | undefined;
  readonly reason: string;
  readonly commands: number;
  readonly bytesOut: number;
}

export interface SessionLog<End extends SessionEnd = SessionEnd> {
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
  /** Something thrown that is no answer: a bug. `id` is what the client was told. */
  bug(
    event: ConnectionFacts & { readonly id: string; readonly command: string; readonly error: unknown },
  ): void;
  closed(event: End): void;
}

const nothing = () => undefined;

export const silentSessionLog: SessionLog = {
  connected: nothing,
  turnedAway: nothing,
  tlsFailed: nothing,
  loggedIn: nothing,
  loginFailed: nothing,
  bug: nothing,
  closed: nothing,
};
