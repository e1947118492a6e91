/** What the edges where mail is read tell, as lines of diagnostics and counts. */
import type { SessionLog } from '../edge/session-log.ts';
import type { Log } from './log.ts';

export function createSessionLog(log: Log, edge: 'imap' | 'imaps' | 'pop3' | 'pop3s'): SessionLog {
  const { metrics } = log;
  const protocol = edge;
  return {
    connected(event) {
      metrics.sessions.add({ protocol });
      metrics.sessionsOpen.add(1, { protocol });
      log.debug({ event: 'connected', edge, ...event }, 'session opened');
    },
    turnedAway(event) {
      metrics.turnedAway.add({ protocol });
      log.warn({ event: 'turned-away', edge, ...event }, 'connection turned away');
    },
    tlsFailed: (event) => log.info({ event: 'tls-failed', edge, ...event }, 'TLS failed'),
    loggedIn(event) {
      metrics.logins.add({ protocol, result: 'ok' });
      log.info({ event: 'login', edge, ...event }, 'login succeeded');
    },
    loginFailed(event) {
      metrics.logins.add({ protocol, result: event.reason });
      log.warn({ event: 'login-failed', edge, ...event }, 'login failed');
    },
    bug({ error, ...event }) {
      metrics.failures.add({ where: protocol });
      log.error({ event: 'fault', edge, ...event, err: error }, 'unexpected failure');
    },
    closed(event) {
      metrics.sessionsOpen.add(-1, { protocol });
      log.debug({ event: 'closed', edge, ...event }, 'session closed');
    },
  };
}
