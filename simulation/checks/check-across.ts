/** What only can be told when all logs are laid side by side: nobody certifies what another did not do. */
import { parseHeaderBlock } from '../../src/mime/header.ts';
import type { LogEvent } from '../../src/pec/events.ts';
import { notificationValues } from '../../src/pec/wire-names.ts';
import { fingerprint } from '../network.ts';
import type { World } from '../world.ts';
import type { View } from './view.ts';

type Accepted = Extract<LogEvent, { type: 'accepted' }>;

export function checkAcross(world: World, views: readonly View[]): void {
  const accepted = new Map<string, Accepted>();
  const issued = new Set<string>();
  for (const { events } of views)
    for (const { event } of events) {
      if (event.type === 'accepted') accepted.set(event.facts.identificativo, event);
      for (const { messageId } of event.generated) issued.add(messageId);
    }
  for (const { provider, events } of views) {
    const report = (text: string) => world.report(provider, text);
    for (const { event } of events) {
      const { identificativo } = event.facts;
      if ((event.type === 'taken-in-charge' || event.type === 'delivered') && !accepted.has(identificativo))
        report(`${event.type}: ${identificativo}, which no provider ever accepted`);
      if (event.type !== 'notification-received' || event.about.length === 0) continue;
      if (!issued.has(event.notificationId)) report(`${event.notificationId} counted and nobody issued it`);
      const mayEnd = event.notification === notificationValues.delivery;
      const issuer = views.find((view) => view.provider.name === event.issuer);
      if (
        mayEnd &&
        !event.about.every((address) => issuer !== undefined && isDelivered(issuer, identificativo, address))
      )
        report(`a delivery of ${identificativo} counted that did not happen`);
    }
  }
  for (const view of views) checkUnchanged(world, view);
  checkClients(world, views);
}

/** What came from another provider is what it handed over, header and signed part, after the trace fields of the arrival. */
function checkUnchanged(world: World, { provider, mails }: View): void {
  for (const { mailbox, messageId, transport, bytes } of mails) {
    const issuer = world.providerOf(messageId.replace('>', ''));
    if (issuer === undefined || issuer === provider || transport === 'errore') continue;
    const trace = parseHeaderBlock(bytes).fields[1]?.end ?? 0;
    if (!world.network.handedOver.has(fingerprint(bytes.subarray(trace))))
      world.report(provider, `${messageId} in the mailbox of ${mailbox} is not what ${issuer.domain} sent`);
  }
}

function isDelivered({ events }: View, identificativo: string, address: string): boolean {
  return events.some(
    ({ event }) =>
      event.type === 'delivered' &&
      event.facts.identificativo === identificativo &&
      event.recipient.toLowerCase() === address.toLowerCase(),
  );
}

/** What a client was answered 250 is in the log, once, with the bytes it sent. */
function checkClients(world: World, views: readonly View[]): void {
  for (const { message, sha256, answered, overlapped } of world.clients.sent.values()) {
    const view = views.find(({ provider }) => provider === world.providerOf(message.from));
    if (view === undefined) continue;
    const report = (text: string) => world.report(view.provider, text);
    for (const identificativo of answered) {
      const entries = view.events.filter(
        ({ event }) =>
          event.facts.identificativo === identificativo &&
          (event.type === 'accepted' || event.type === 'refused' || event.type === 'refused-for-virus'),
      );
      const [first] = entries;
      if (entries.length !== 1 || first === undefined)
        report(
          `message ${message.id} was answered 250 as ${identificativo} and stands ${entries.length} times in the log`,
        );
      else checkFacts(first.event, message, report);
    }
    const times = view.events.filter(
      ({ event }) => event.type === 'accepted' && event.originalSha256 === sha256,
    );
    if (times.length > 1 && !overlapped)
      report(
        `message ${message.id} was accepted ${times.length} times, though its client never sent it side by side`,
      );
  }
}

function checkFacts(
  { facts }: LogEvent,
  { id, from, to, cc }: { id: number; from: string; to: readonly string[]; cc: readonly string[] },
  report: (text: string) => void,
): void {
  const recipients = facts.recipients.map(({ address }) => address).join();
  if (facts.sender !== from || recipients !== [...to, ...cc].join())
    report(`message ${id} was certified for others than it was sent to: ${recipients}`);
}
