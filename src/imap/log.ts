/** What this room tells the diagnostics log. */
import { type SessionLog, silentSessionLog } from '../edge/session-log.ts';

export type { ConnectionFacts } from '../edge/session-log.ts';
export type ImapLog = SessionLog;

export const silentLog: ImapLog = silentSessionLog;
