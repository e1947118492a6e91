/**
 * Availability as the rules count it: of a four-month period at least 99.8 %, no single outage longer than half of
 * what that leaves (DM 2 November 2005). Pure, from the runs of all nodes: the provider serves while one of them
 * does.
 */
import type { Instant } from '../lib/time.ts';
import { longestBeatGap, type ServiceRun } from './service-runs.ts';

export interface Outage {
  readonly from: Instant;
  readonly to: Instant;
  /** `stop`: ended in order, by whoever runs the provider. `failure`: it ended by itself, or its machine did. */
  readonly kind: 'stop' | 'failure';
  readonly withinLimit: boolean;
}

export interface Availability {
  /** What was measured: the span, but for what lies before the first run ever or in the future. */
  readonly from: Instant;
  readonly to: Instant;
  /** From 0 to 1; 1 when nothing was measured. */
  readonly share: number;
  readonly outages: readonly Outage[];
  /** Milliseconds. */
  readonly longestOutageMs: number;
  /** Milliseconds that one outage may last. */
  readonly outageLimitMs: number;
  /** True when both rules hold. */
  readonly isEnough: boolean;
}

export interface AvailabilityRequest {
  /** By their beginning: those that touch the span, and those before it (`listRuns`). */
  readonly runs: readonly ServiceRun[];
  /** When the provider first served. */
  readonly since: Instant | undefined;
  /** The span; `to` is exclusive. */
  readonly from: Instant;
  readonly to: Instant;
  readonly now: Instant;
}

/** The least share of the period that must be served. */
export const leastShare = 0.998;

export function computeAvailability(request: AvailabilityRequest): Availability {
  const { since = request.to, now } = request;
  const from = Math.min(Math.max(request.from, since), request.to);
  const to = Math.max(Math.min(request.to, now), from);
  // By the whole period: an outage in its first week is not measured against a week.
  const outageLimitMs = ((request.to - request.from) * (1 - leastShare)) / 2;
  const outages = findGaps({ ...request, from, to }).map((gap) => ({
    ...gap,
    withinLimit: gap.to - gap.from <= outageLimitMs,
  }));
  const lengths = outages.map((outage) => outage.to - outage.from);
  const lost = lengths.reduce((sum, length) => sum + length, 0);
  const share = to === from ? 1 : 1 - lost / (to - from);
  const isEnough = share >= leastShare && outages.every(({ withinLimit }) => withinLimit);
  return { from, to, share, outages, longestOutageMs: Math.max(0, ...lengths), outageLimitMs, isEnough };
}

type Gap = Pick<Outage, 'from' | 'to' | 'kind'>;

/** What no run covers between the two instants. */
function findGaps({ runs, from, to, now }: AvailabilityRequest): Gap[] {
  const gaps: Gap[] = [];
  let covered = from;
  let last: ServiceRun | undefined;
  const add = (until: Instant) => {
    if (until > covered) gaps.push({ from: covered, to: until, kind: last?.ended ? 'stop' : 'failure' });
  };
  for (const run of runs) {
    if (run.beganAt >= to) break;
    add(Math.min(run.beganAt, to));
    covered = Math.max(covered, run.lastAt);
    if (last === undefined || run.lastAt >= last.lastAt) last = run;
  }
  // The heartbeat of this very minute may not be written yet.
  const serving = last !== undefined && !last.ended && now - last.lastAt <= longestBeatGap;
  if (!serving) add(to);
  return gaps;
}
