/**
 * What the provider does for itself, one function an event as in events.ts: provider index, revocation, clock, keys read
 * again. An error here is an alarm: certification stands still, or will.
 */
import type { Log } from './log.ts';

export interface IndexEvent {
  readonly outcome: 'applied' | 'kept';
  /** Milliseconds since 1970; undefined when there is no copy at all. */
  readonly fetchedAt: number | undefined;
  readonly providers?: number;
  readonly domains?: number;
  readonly changed?: boolean;
  readonly warnings?: readonly string[];
  readonly reason?: string;
}

const hourMs = 3_600_000;
/** The rules ask for a new copy each day; an hour of grace is for the transfer. */
const staleAfterMs = 25 * hourMs;

export function reportIndex(log: Log, { fetchedAt, warnings = [], ...event }: IndexEvent, now: number): void {
  const { metrics } = log;
  if (fetchedAt !== undefined) metrics.indexFetchedAt.set(Math.floor(fetchedAt / 1000));
  if (event.providers !== undefined) metrics.indexProviders.set(event.providers);
  for (const warning of warnings) log.warn({ event: 'index', warning }, 'the provider index is odd');
  if (event.outcome === 'applied') {
    const text =
      event.changed === true ? 'a new provider index is in force' : 'the provider index is current';
    log[event.changed === true ? 'info' : 'debug']({ event: 'index', ...event }, text);
    return;
  }
  const ageHours = fetchedAt === undefined ? undefined : Math.floor((now - fetchedAt) / hourMs);
  const fields = { event: 'index', ...event, ageHours };
  if (fetchedAt === undefined) log.error(fields, 'there is no provider index: certification stands still');
  else if (now - fetchedAt > staleAfterMs)
    log.error(fields, 'the provider index is out of date and no new one can be had');
  else log.warn(fields, 'no new provider index could be had; the last good copy stays in force');
}

export interface RevocationEvent {
  readonly kind: 'crl' | 'ocsp';
  readonly outcome: 'fetched' | 'kept';
  readonly url: string;
  readonly reason?: string;
  /** Milliseconds since 1970; undefined when what is there is not fresh at all. */
  readonly freshUntil: number | undefined;
}

export function reportRevocation(log: Log, { freshUntil, ...event }: RevocationEvent, now: number): void {
  log.metrics.revocationFetches.add({ kind: event.kind, outcome: event.outcome });
  const until = freshUntil === undefined ? undefined : new Date(freshUntil).toISOString();
  const fields = { event: 'revocation', ...event, freshUntil: until };
  if (event.outcome === 'fetched') log.debug(fields, 'revocation status is current');
  else if (freshUntil !== undefined && freshUntil >= now)
    log.warn(fields, 'no new revocation status could be had; the last one is still fresh');
  else log.error(fields, 'no fresh revocation status');
}

export type ClockEvent =
  | { readonly state: 'right' | 'wrong'; readonly offsetMs: number; readonly servers: number }
  | { readonly state: 'unknown'; readonly reasons: readonly string[]; readonly trusted: boolean };

export function reportClock(log: Log, event: ClockEvent): void {
  const { metrics } = log;
  metrics.clockRight.set(event.state === 'right' || (event.state === 'unknown' && event.trusted) ? 1 : 0);
  if (event.state === 'unknown') {
    if (event.trusted)
      log.warn({ event: 'clock', ...event }, 'no NTP server answers; the clock is not checked');
    else
      log.error({ event: 'clock', ...event }, 'the clock cannot be relied upon: certification stands still');
    return;
  }
  metrics.clockOffset.set(event.offsetMs / 1000);
  const fields = { event: 'clock', ...event, offsetMs: Math.round(event.offsetMs) };
  if (event.state === 'right') log.debug(fields, 'the clock is right');
  else log.error(fields, 'the clock is wrong: certification stands still until it is set');
}

/** What SIGHUP read again. `what`: `tls`, `signing`, `trust`. */
export function reportReloaded(log: Log, what: string, details: Readonly<Record<string, string>> = {}): void {
  log.info({ event: 'reloaded', what, ...details }, 'read again');
}

/** What SIGHUP could not take: all stays as it was. */
export function reportNotReloaded(log: Log, what: string, err: unknown): void {
  const reason = err instanceof Error ? err.message : String(err);
  log.error({ event: 'not-reloaded', what, reason, err }, 'cannot be used; what was in use stays');
}
