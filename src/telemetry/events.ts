/**
 * What happens in a provider outside its edges, one function an event: each writes one line of diagnostics, always with
 * the same fields, and counts its metric. `event` is the name to search for. The edges name their own events
 * (`SmtpEvent`, `ImapLog`), which smtp-log.ts and imap-log.ts turn into lines. No subject, no text, no password.
 */
import { randomUUID } from 'node:crypto';
import type { Log } from './log.ts';

export interface ServingEvent {
  readonly version: string;
  /** Listener → address and port, as bound. */
  readonly listeners: Readonly<Record<string, string>>;
  /** From the start of the process. */
  readonly milliseconds: number;
}

export function reportServing(log: Log, event: ServingEvent): void {
  log.info({ event: 'serving', ...event }, 'the provider serves');
}

/** `reason`: the signal. */
export function reportStopping(log: Log, reason: string): void {
  log.info({ event: 'stopping', reason }, 'the provider stops in order');
}

export function reportStopped(log: Log, milliseconds: number): void {
  log.info({ event: 'stopped', milliseconds }, 'the provider has stopped');
}

/** Which implementation stands behind each seam. */
export function reportChoices(log: Log, choices: Readonly<Record<string, string>>): void {
  log.info({ event: 'implementations', ...choices }, 'implementations chosen');
}

export interface ScanEvent {
  readonly result: 'clean' | 'infected' | 'failed';
  readonly virus?: string;
  readonly err?: unknown;
}

export function reportScan(log: Log, event: ScanEvent): void {
  log.metrics.scans.add({ result: event.result });
  if (event.result === 'clean') log.debug({ event: 'scan', ...event }, 'no virus found');
  else
    log.warn(
      { event: 'scan', ...event },
      event.result === 'infected' ? 'virus found' : 'the scanner cannot tell',
    );
}

export interface RelayEvent {
  readonly destination: string;
  readonly outcome: 'delivered' | 'temporary' | 'permanent';
  readonly code: number;
  readonly text: string;
}

export function reportRelayResult(log: Log, event: RelayEvent): void {
  log.metrics.relayResults.add({ outcome: event.outcome });
  log.info({ event: 'relayed', ...event }, `handing over: ${event.outcome}`);
}

export interface CertificateEvent {
  readonly use: 'signing' | 'tls';
  readonly subject: string;
  readonly daysLeft: number;
}

/** A warning from 60 days before the end on, an error after it. */
export function reportCertificateLife(log: Log, event: CertificateEvent): void {
  log.metrics.certificateDaysLeft.set(event.daysLeft, { use: event.use });
  if (event.daysLeft < 0) log.error({ event: 'certificate', ...event }, 'a certificate has expired');
  else if (event.daysLeft <= 60) log.warn({ event: 'certificate', ...event }, 'a certificate expires soon');
}

/**
 * Something failed that nobody expected. The stack stays here; the id returned may be told outside, so that support
 * finds the line.
 */
export function reportFailure(log: Log, where: string, err: unknown): string {
  const id = randomUUID().slice(0, 8);
  log.metrics.failures.add({ where });
  log.error({ event: 'fault', id, where, err }, 'unexpected failure');
  return id;
}
