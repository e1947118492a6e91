/**
 * What happens in a provider, one function an event: each writes one line of diagnostics, always with the same fields,
 * and counts its metric. `event` is the name to search for. No subject, no text of a message, no password.
 */
import { randomUUID } from 'node:crypto';
import type { Log } from './log.ts';

export type Protocol = 'submission' | 'submissions' | 'mx' | 'imap' | 'imaps' | 'pop3' | 'pop3s' | 'https';

export interface SessionFacts {
  readonly protocol: Protocol;
  /** Opaque name of the session, the same in all its lines. */
  readonly session: string;
  /** Address of the client. */
  readonly client: string;
}

export function reportServing(
  log: Log,
  event: {
    readonly version: string;
    readonly listeners: Readonly<Record<string, string>>;
    readonly milliseconds: number;
  },
): void {
  log.info({ event: 'serving', ...event }, 'the provider serves');
}

export function reportStopping(log: Log, event: { readonly reason: string }): void {
  log.info({ event: 'stopping', ...event }, 'the provider stops in order');
}

export function reportStopped(log: Log, event: { readonly milliseconds: number }): void {
  log.info({ event: 'stopped', ...event }, 'the provider has stopped');
}

/** Which implementation stands behind each seam. */
export function reportChoices(log: Log, choices: Readonly<Record<string, string>>): void {
  log.info({ event: 'implementations', ...choices }, 'implementations chosen');
}

export function reportSessionOpened(log: Log, session: SessionFacts): void {
  log.metrics.sessions.add({ protocol: session.protocol });
  log.metrics.sessionsOpen.add(1, { protocol: session.protocol });
  log.debug({ event: 'session-opened', ...session }, 'session opened');
}

export function reportSessionClosed(log: Log, session: SessionFacts & { readonly seconds: number }): void {
  log.metrics.sessionsOpen.add(-1, { protocol: session.protocol });
  log.debug({ event: 'session-closed', ...session }, 'session closed');
}

export function reportLoginSucceeded(log: Log, event: SessionFacts & { readonly login: string }): void {
  log.metrics.logins.add({ protocol: event.protocol, result: 'ok' });
  log.info({ event: 'login', ...event }, 'login succeeded');
}

/** `login` as the client typed it: cut to a length that a log can bear. */
export function reportLoginFailed(log: Log, event: SessionFacts & { readonly login: string }): void {
  log.metrics.logins.add({ protocol: event.protocol, result: 'failed' });
  log.warn({ event: 'login-failed', ...event, login: event.login.slice(0, 320) }, 'login failed');
}

/** A certified message, receipt or notice was issued and is durable. `kind` is its wire value. */
export function reportIssued(
  log: Log,
  event: { readonly kind: string; readonly identificativo: string; readonly recipient?: string },
): void {
  log.metrics.messages.add({ kind: event.kind });
  log.info({ event: 'issued', ...event }, `issued ${event.kind}`);
}

/** The client has its 250. */
export function reportAccepted(
  log: Log,
  event: {
    readonly session: string;
    readonly login: string;
    readonly identificativo: string;
    readonly recipients: number;
    readonly bytes: number;
    readonly milliseconds: number;
  },
): void {
  log.metrics.acceptanceSeconds.observe(event.milliseconds / 1000);
  log.info({ event: 'accepted', ...event }, 'message accepted');
}

export function reportRefused(
  log: Log,
  event: { readonly session: string; readonly code: number; readonly text: string; readonly cause?: unknown },
): void {
  const { cause, ...fields } = event;
  log.metrics.refusals.add({ code: String(event.code) });
  log.info(
    { event: 'refused', ...fields, ...(cause === undefined ? {} : { err: cause }) },
    'message refused',
  );
}

export function reportScan(
  log: Log,
  event: {
    readonly result: 'clean' | 'infected' | 'failed';
    readonly virus?: string;
    readonly err?: unknown;
  },
): void {
  log.metrics.scans.add({ result: event.result });
  if (event.result === 'clean') log.debug({ event: 'scan', ...event }, 'no virus found');
  else
    log.warn(
      { event: 'scan', ...event },
      event.result === 'infected' ? 'virus found' : 'the scanner cannot tell',
    );
}

export function reportRelayResult(
  log: Log,
  event: {
    readonly identificativo: string;
    readonly recipient: string;
    readonly outcome: 'delivered' | 'temporary' | 'permanent';
    readonly code: number;
    readonly text: string;
    readonly attempt: number;
  },
): void {
  log.metrics.relayResults.add({ outcome: event.outcome });
  log.info({ event: 'relayed', ...event }, `handing over: ${event.outcome}`);
}

/** From 60 days before the end on a warning, after it an error. */
export function reportCertificateLife(
  log: Log,
  event: { readonly use: 'signing' | 'tls'; readonly subject: string; readonly daysLeft: number },
): void {
  log.metrics.certificateDaysLeft.set(event.daysLeft, { use: event.use });
  if (event.daysLeft < 0) log.error({ event: 'certificate', ...event }, 'a certificate has expired');
  else if (event.daysLeft <= 60) log.warn({ event: 'certificate', ...event }, 'a certificate expires soon');
}

export function reportSwept(log: Log, event: { readonly blobs: number; readonly bytes: number }): void {
  log.info({ event: 'swept', ...event }, 'bytes that no row points to were removed');
}

/**
 * Something failed that nobody expected. The stack stays here; the id returned may be told outside, so that support
 * finds the line.
 */
export function reportFailure(log: Log, where: string, err: unknown): string {
  const id = randomUUID().slice(0, 8);
  log.metrics.failures.add({ where });
  log.error({ event: 'failure', id, where, err }, 'unexpected failure');
  return id;
}
