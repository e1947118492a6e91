/**
 * Sealing the message log, one function an event as in events.ts. An error here is an alarm: a day of the log is
 * not sealed yet, or entries are not what was written.
 */
import type { Log } from './log.ts';

export type SealingEvent =
  | { readonly type: 'exported'; readonly seal: Segment; readonly milliseconds: number }
  | { readonly type: 'sealed'; readonly seal: Segment }
  | {
      readonly type: 'stamp-missing';
      readonly node: string;
      readonly number: number;
      readonly authority: string;
      readonly reason: string;
      /** Milliseconds since 1970. */
      readonly since: number;
    }
  | { readonly type: 'delayed'; readonly node: string; readonly reason: string }
  | { readonly type: 'damaged'; readonly node: string; readonly seq: number; readonly reason: string };

interface Segment {
  readonly node: string;
  readonly number: number;
  readonly day: string;
  readonly entries: number;
}

export function reportSealing(log: Log, event: SealingEvent, now: number): void {
  const { metrics } = log;
  switch (event.type) {
    case 'exported':
      log.info(
        { event: 'log-exported', ...event.seal, milliseconds: event.milliseconds },
        'a segment of the message log was exported',
      );
      break;
    case 'sealed':
      metrics.logSealedAt.set(Math.floor(now / 1000));
      log.info({ event: 'log-sealed', ...event.seal }, 'a segment of the message log is sealed');
      break;
    case 'stamp-missing': {
      const { node, number, authority, reason, since } = event;
      metrics.stampsMissed.add({ authority });
      const waitingHours = Math.floor((now - since) / 3_600_000);
      log.error(
        { event: 'log-stamp-missing', node, number, authority, reason, waitingHours },
        'a seal of the message log waits for its time stamp',
      );
      break;
    }
    case 'delayed':
      log.error(
        { event: 'log-seal-delayed', node: event.node, reason: event.reason },
        'the message log cannot be sealed now',
      );
      break;
    case 'damaged':
      log.error(
        { event: 'log-damaged', node: event.node, seq: event.seq, reason: event.reason },
        'the message log is damaged: it is not sealed; run pec log verify',
      );
      break;
  }
}

/** After each round: how much is left open. */
export function reportSealRound(log: Log, { open }: { readonly open: number }): void {
  log.metrics.logOpenSegments.set(open);
}

/** What left the log for its age, and what holds keep in it. */
export function reportRetention(
  log: Log,
  { removed, held }: { readonly removed: readonly object[]; readonly held: readonly object[] },
): void {
  for (const segment of removed)
    log.info({ event: 'log-removed', ...segment }, 'a segment of the message log was let go for its age');
  if (held.length > 0)
    log.info({ event: 'log-held', segments: held.length }, 'legal holds keep segments of the message log');
}
