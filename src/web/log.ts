/** What the web edge tells; telemetry turns it into lines and counts. No address of a mailbox is told. */
export interface WebEvent {
  /** The route as it is registered, never what the client wrote. */
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly milliseconds: number;
}

export interface WebLog {
  answered(event: WebEvent): void;
  tlsFailed(event: { readonly client: string; readonly reason: string }): void;
  /** Something that should not happen; the id is told outside so that support finds the line. */
  bug(event: { readonly id: string; readonly route: string; readonly error: unknown }): void;
}

export const silentLog: WebLog = {
  answered: () => undefined,
  tlsFailed: () => undefined,
  bug: () => undefined,
};
