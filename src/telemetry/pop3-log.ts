/** What the POP3 edge tells, as lines of diagnostics and counts. */
import type { Pop3Log } from '../pop3/log.ts';
import type { Log } from './log.ts';

export function createPop3Log(log: Log, edge: 'pop3' | 'pop3s'): Pop3Log {
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
    updated: (event) => log.info({ event: 'maildrop-updated', edge, ...event }, 'session ended by QUIT'),
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
