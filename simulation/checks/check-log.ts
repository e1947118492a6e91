/** The message log of a provider: its chain, the rules of coherence (pec-wire §14), and that nothing is left over. */
import { chainStart, checkChain } from '../../src/message-log/check-chain.ts';
import { checkCoherence } from '../../src/pec/coherence.ts';
import type { LogEvent } from '../../src/pec/events.ts';
import { isFinal, type RecipientState } from '../../src/pec/lifecycle.ts';
import { forgedMark } from '../intruders.ts';
import { hour } from '../plan.ts';
import type { View } from './view.ts';

export async function checkLog({ provider, db, events }: View): Promise<void> {
  const report = (text: string) => provider.world.report(provider, text);
  const { problems } = await db.read((tx) => checkChain(tx, 'n1', chainStart, 10_000_000));
  for (const { seq, text } of problems) report(`the chain is broken at ${seq}: ${text}`);
  const violations = checkCoherence(
    events.map(({ event }) => event),
    { provider: provider.name, isOurDomain: (domain) => domain === provider.domain, settled: true },
  );
  for (const { rule, identificativo, recipient, text } of violations)
    report(`coherence, rule ${rule}: ${identificativo} ${recipient ?? ''} ${text}`);
  for (const { event } of events) {
    if (event.facts.identificativo.startsWith(forgedMark) && event.type !== 'anomaly')
      report(`a forged message has an entry ${event.type}: ${event.facts.identificativo}`);
  }
  checkNotices(
    events.map(({ event }) => event),
    report,
    provider,
  );
}

/** A notice of a time limit may be late where a provider was down; early it never is, by a clock that was right. */
function checkNotices(
  events: readonly LogEvent[],
  report: (text: string) => void,
  { world, number }: View['provider'],
): void {
  if (world.plan.faults.some((fault) => fault.kind === 'clock' && fault.provider === number)) return;
  const accepted = new Map<string, number>();
  for (const event of events) {
    const { identificativo } = event.facts;
    if (event.type === 'accepted') accepted.set(identificativo, event.at);
    if (event.type !== 'timeout') continue;
    const after = event.at - (accepted.get(identificativo) ?? 0);
    const least = event.hours === 12 ? 12 * hour : 22 * hour;
    if (after < least) report(`the ${event.hours} h notice of ${identificativo} came after ${after} ms`);
  }
}

/** Two days after the last fault nobody waits for anything. */
export function checkNothingLeft({ provider }: View): void {
  const { rows } = provider;
  const report = (text: string) => provider.world.report(provider, text);
  const queued = rows.all<{
    kind: string;
    recipient: string;
    mail_id: string;
    next_at: number;
    attempts: number;
  }>('SELECT kind, recipient, mail_id, next_at, attempts FROM outgoing');
  for (const row of queued)
    report(`still queued: ${row.kind} ${row.mail_id} to ${row.recipient} after ${row.attempts} tries`);
  const recipients = rows.all<{
    address: string;
    state: RecipientState;
    certified: number;
    next_at: number | null;
  }>(
    'SELECT address, state, certified, next_at FROM pec_recipient r JOIN pec_message m ON m.id = r.message_id',
  );
  for (const { address, state, certified, next_at } of recipients) {
    if (!isFinal(state, certified === 1)) report(`${address} is still ${state}`);
    if (next_at !== null) report(`${address} is ${state} and still due`);
  }
}
