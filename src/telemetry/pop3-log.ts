/** What the POP3 edge tells beside what all sessions do. */
import type { Pop3Log } from '../pop3/log.ts';
import type { Log } from './log.ts';
import { createSessionLog } from './session-log.ts';

export function createPop3Log(log: Log, edge: 'pop3' | 'pop3s'): Pop3Log {
  return {
    ...createSessionLog(log, edge),
    updated: (event) => log.info({ event: 'maildrop-updated', edge, ...event }, 'session ended by QUIT'),
  };
}
