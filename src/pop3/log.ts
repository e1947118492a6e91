/** What this room tells the diagnostics log. */
import {
  type ConnectionFacts,
  type SessionEnd,
  type SessionLog,
  silentSessionLog,
} from '../edge/session-log.ts';

export type { ConnectionFacts } from '../edge/session-log.ts';

export interface Pop3SessionEnd extends SessionEnd {
  readonly retrieved: number;
}

export interface Pop3Log extends SessionLog<Pop3SessionEnd> {
  /** The end of a session by QUIT, with what it removed for good. */
  updated(event: ConnectionFacts & { readonly login: string; readonly deleted: number }): void;
}

export const silentLog: Pop3Log = { ...silentSessionLog, updated: () => undefined };
