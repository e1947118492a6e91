/** What the SMTP edges tell, as lines of diagnostics and counts. */
import type { SmtpEvent, SmtpLog } from '../smtp/edge.ts';
import type { Log, LogFields } from './log.ts';

export function createSmtpLog(log: Log): SmtpLog {
  return (event) => {
    countSmtpEvent(log, event);
    const { level, text } = describeSmtpEvent(event);
    log[level](fieldsOf(event), text);
  };
}

function countSmtpEvent({ metrics }: Log, event: SmtpEvent): void {
  const protocol = event.edge;
  if (event.event === 'connected') {
    metrics.sessions.add({ protocol });
    metrics.sessionsOpen.add(1, { protocol });
  } else if (event.event === 'closed') metrics.sessionsOpen.add(-1, { protocol });
  else if (event.event === 'login') metrics.logins.add({ protocol, result: 'ok' });
  else if (event.event === 'login-failed') metrics.logins.add({ protocol, result: event.reason });
  else if (event.event === 'turned-away') metrics.turnedAway.add({ protocol });
  else if (event.event === 'message') metrics.received.add({ protocol });
  else if (event.event === 'refused')
    metrics.refusals.add({ protocol, at: event.at, code: String(event.code) });
  else if (event.event === 'fault') metrics.failures.add({ where: protocol });
}

interface Wording {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly text: string;
}

function describeSmtpEvent(event: SmtpEvent): Wording {
  switch (event.event) {
    case 'connected':
      return { level: 'debug', text: 'session opened' };
    case 'closed':
      return { level: 'debug', text: 'session closed' };
    case 'turned-away':
      return { level: 'warn', text: 'connection turned away' };
    case 'login':
      return { level: 'info', text: 'login succeeded' };
    case 'login-failed':
      return { level: 'warn', text: 'login failed' };
    case 'refused':
      return { level: 'info', text: 'refused in the dialogue' };
    case 'message':
      return { level: 'info', text: 'message taken' };
    case 'connection-error':
      return { level: 'debug', text: 'connection broken' };
    case 'fault':
      return { level: 'error', text: 'unexpected failure' };
  }
}

/** Errors go under `err`, where stack and causes are written. */
function fieldsOf(event: SmtpEvent): LogFields {
  if (event.event === 'refused') {
    const { cause, ...fields } = event;
    return cause === undefined ? fields : { ...fields, err: cause };
  }
  if (event.event === 'fault' || event.event === 'connection-error') {
    const { error, ...fields } = event;
    return { ...fields, err: error };
  }
  return { ...event };
}
