/**
 * The sealing of the log: every legal day that is over is exported, signed and time-stamped, in order, whatever the
 * authority did meanwhile; and `pec log verify --full` finds nothing wrong.
 */

import { legalDayOf } from '../../src/message-log/seal/legal-day.ts';
import { graceMs } from '../../src/message-log/seal/plan.ts';
import type { LogFinding } from '../../src/message-log/verify/findings.ts';
import { verifyLog } from '../../src/message-log/verify/verify-log.ts';
import { hour } from '../plan.ts';
import { openSegments } from '../provider-parts.ts';
import type { View } from './view.ts';

/** The number of seals. */
export async function checkSeals({ provider, db, events }: View): Promise<number> {
  const { world } = provider;
  const report = (text: string) => world.report(provider, text);
  const now = provider.clock();
  const { streams, findings, open } = await verifyLog({
    db,
    archive: openSegments(provider, world.scheduler.nature, world.random.fork('seals')),
    trust: { provider: world.trust, stamps: world.trust },
    full: true,
    now,
    provider: provider.name,
    isOurDomain: (domain) => domain === provider.domain,
  });
  for (const finding of findings) report(`log verify: ${describe(finding)}`);
  for (const finding of open) report(`still open: ${describe(finding)}`);
  const [stream] = streams;
  const waiting = events.find(({ seq }) => seq > (stream?.sealedThrough ?? 0));
  if (waiting !== undefined && legalDayOf(waiting.event.at).end + graceMs + hour < now)
    report(`entry ${waiting.seq} of a day that is over is not sealed`);
  return stream?.seals ?? 0;
}

function describe({ code, seal, seq, text }: LogFinding): string {
  return `${code} at seal ${seal ?? '-'}, entry ${seq ?? '-'}: ${text}`;
}
