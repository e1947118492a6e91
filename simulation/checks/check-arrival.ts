/**
 * That mail arrives: on a calm day at once; and when everything that went wrong was over within ten hours and nothing
 * of it was a reason to refuse for good, all the same, with the receipt back before the last time limit.
 */
import type { LogEvent } from '../../src/pec/events.ts';
import { endOf, hour, type PlannedFault } from '../plan.ts';
import type { World } from '../world.ts';
import { isUntouched } from './check-mailboxes.ts';
import type { View } from './view.ts';

/** On a day without a fault everything arrives, and nobody is told of a time limit. */
export function checkCalm(world: World, views: readonly View[]): void {
  const { plan, clients } = world;
  if (plan.faults.length + plan.holders.length + plan.intrusions.length > 0) return;
  for (const { message, answered, tries } of clients.sent.values())
    if (answered.length !== 1 || tries !== 1)
      world.report({ domain: message.from }, `message ${message.id} was not taken at once on a calm day`);
  const unwanted: readonly LogEvent['type'][] = ['timeout', 'ordinary-refused', 'not-delivered'];
  for (const { provider, events } of views)
    for (const { event } of events)
      if (unwanted.includes(event.type))
        world.report(provider, `${event.type} of ${event.facts.identificativo} on a calm day`);
  if (world.lost > 0)
    world.report({ domain: '' }, `${world.lost} messages of providers were lost on a calm day`);
}

/** A clock far off moves limits; what a revoked key has signed is refused for good. */
function mayRefuse(fault: PlannedFault): boolean {
  if (fault.kind === 'revocation') return true;
  if (fault.kind === 'clock') return Math.abs(fault.offMs) > 2 * hour;
  return fault.kind === 'lying-disk';
}

/** Long before the last limit, which is a little under 24 hours. */
const soon = 10 * hour;

/** Nothing that is over soon keeps a message from its recipient, or its receipt from the sender. */
export function checkArrival(world: World, views: readonly View[]): void {
  const { plan } = world;
  // The sealing of the log never stands in the way of mail.
  const faults = plan.faults.filter(({ kind }) => kind !== 'stamps');
  if (endOf({ ...plan, faults }) > soon || faults.some(mayRefuse)) return;
  for (const view of views) for (const { event } of view.events) checkEvent(world, view, event);
  if (world.lost > 0)
    world.report({ domain: '' }, `${world.lost} messages of providers were lost in a short time`);
}

function checkEvent(world: World, { provider }: View, event: LogEvent): void {
  const { identificativo } = event.facts;
  if (event.type === 'timeout' && event.hours === 24)
    world.report(provider, `24 h notice of ${identificativo}, though nothing was wrong for so long`);
  if (event.type === 'not-delivered' && mustReach(world, event.recipient))
    world.report(
      provider,
      `${identificativo} was not delivered to ${event.recipient}: ${event.failure.text.english}`,
    );
}

/** There is such a mailbox, and nobody has touched it. */
function mustReach(world: World, address: string): boolean {
  const provider = world.providerOf(address);
  if (provider === undefined) return false;
  const { holders } = world.plan;
  if (holders.some(({ mailbox, act }) => act === 'shrink' && mailbox === address.toLowerCase())) return false;
  return (
    isUntouched({ provider }, address) &&
    provider.rows.get('SELECT 1 FROM mailbox WHERE address_key = ?', [address.toLowerCase()]) !== undefined
  );
}
