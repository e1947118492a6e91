/** What the web edge tells, as lines of diagnostics and counts. */
import type { WebLog } from '../web/log.ts';
import type { Log } from './log.ts';

export function createWebLog(log: Log): WebLog {
  const { metrics } = log;
  return {
    answered: (event) => log.debug({ event: 'web', ...event }, 'request answered'),
    tlsFailed: (event) => log.debug({ event: 'tls-failed', edge: 'https', ...event }, 'TLS failed'),
    bug({ error, ...event }) {
      metrics.failures.add({ where: 'https' });
      log.error({ event: 'fault', edge: 'https', ...event, err: error }, 'unexpected failure');
    },
  };
}
