import { normalizeAddress } from '../mime/address.ts';
import type { LogEvent, NotificationReceivedEvent } from './events.ts';
import type { Recipient } from './facts.ts';
import { notificationValues } from './wire-names.ts';

/**
 * The coherence rules of a provider's log (pec-wire §14), over the events of one or of many messages. A breach
 * is a bug or a manipulation, never a normal case: every test and `pec log verify` ask for none.
 *
 * 1. one transport envelope and one acceptance for a message of ours, none for others;
 * 2. each certified recipient here whom the message reached stands in exactly one take-in-charge;
 * 3. each certified recipient has one outcome: delivery, non-delivery (the 24 h notice is one), virus;
 * 4. each virus detection for a message of ours has one virus non-delivery notice, and conversely;
 * 5. ordinary recipients stand in no take-in-charge, virus or delivery record;
 * 6. sender and recipients never change.
 */
export interface Violation {
  readonly rule: 1 | 2 | 3 | 4 | 5 | 6;
  readonly identificativo: string;
  /** Undefined for what concerns the whole message. */
  readonly recipient: string | undefined;
  /** English, one sentence without a full stop. */
  readonly text: string;
}

export interface CoherenceContext {
  /** Our `gestore-emittente`. */
  readonly provider: string;
  /** True for a domain whose mailboxes are ours; lower case. */
  readonly isOurDomain: (domain: string) => boolean;
  /**
   * True when nothing is under way any more: what is missing is then a breach too. While mail flows only what
   * is too much can be told.
   */
  readonly settled: boolean;
}

/** All breaches, by message in the order of its first event, by rule. */
export function checkCoherence(events: Iterable<LogEvent>, context: CoherenceContext): Violation[] {
  const histories = new Map<string, History>();
  for (const event of events) {
    if (!concernsCertified(event)) continue;
    const { identificativo } = event.facts;
    const known = histories.get(identificativo);
    if (known === undefined) histories.set(identificativo, new History(event));
    else known.add(event);
  }
  return [...histories.values()].flatMap((history) => checkHistory(history, context));
}

/**
 * Ordinary mail has an identifier of its own, and none of these rules. Nor has a notification that is about no
 * message of ours, whatever it claims.
 */
function concernsCertified({ type, sendingProvider }: LogEvent): boolean {
  if (type === 'notification-received') return sendingProvider !== '';
  return type !== 'anomaly' && type !== 'ordinary-refused' && type !== 'put-into-mailbox';
}

/** What was recorded about one message, counted by recipient. */
class History {
  readonly identificativo: string;
  readonly first: LogEvent;
  readonly changed: LogEvent[] = [];
  accepted = 0;
  refused = 0;
  envelopes = 0;
  readonly taken = new Counter();
  readonly outcomes = new Counter();
  readonly detections = new Counter();
  readonly virusNotices = new Counter();

  constructor(first: LogEvent) {
    this.identificativo = first.facts.identificativo;
    this.first = first;
    this.add(first);
  }

  add(event: LogEvent): void {
    if (!sameFacts(event, this.first)) this.changed.push(event);
    this.envelopes += event.generated.filter(({ kind }) => kind === 'transport-envelope').length;
    switch (event.type) {
      case 'accepted':
        this.accepted++;
        break;
      case 'refused':
      case 'refused-for-virus':
        this.refused++;
        break;
      case 'taken-in-charge':
        this.taken.add(event.takenInCharge);
        break;
      case 'delivered':
      case 'not-delivered':
        this.outcomes.add([event.recipient]);
        break;
      case 'timeout':
        if (event.hours === 24) this.outcomes.add([event.recipient]);
        break;
      case 'virus-detected':
        this.outcomes.add([event.recipient]);
        this.detections.add([event.recipient]);
        break;
      case 'virus-non-delivery':
        this.virusNotices.add([event.recipient]);
        break;
      case 'notification-received':
        this.#addReceived(event);
        break;
    }
  }

  /** What other providers said; what came after the end changes nothing. */
  #addReceived({ notification, about, late }: NotificationReceivedEvent): void {
    const isVirus = notification === notificationValues.virusDetection;
    if (isVirus && !late) this.detections.add(about);
    const isOutcome =
      isVirus ||
      notification === notificationValues.delivery ||
      notification === notificationValues.nonDelivery;
    if (isOutcome && !late) this.outcomes.add(about);
  }
}

function checkHistory(history: History, context: CoherenceContext): Violation[] {
  const violations: Violation[] = [];
  const report: Report = (rule, text, recipient) => {
    violations.push({ rule, identificativo: history.identificativo, recipient, text });
  };
  checkEnvelope(history, context, report);
  const { recipients } = history.first.facts;
  for (const recipient of new Map(recipients.map((one) => [comparable(one.address), one])).values()) {
    if (!recipient.certified) checkOrdinary(history, recipient, report);
    else checkCertified(history, recipient, { context, report });
  }
  checkStrangers(history, report);
  for (const event of history.changed) report(6, `sender or recipients differ in the entry ${event.type}`);
  return violations;
}

type Report = (rule: Violation['rule'], text: string, recipient?: string) => void;

function isOurs({ first }: History, { provider }: CoherenceContext): boolean {
  return first.sendingProvider === provider;
}

function checkEnvelope(history: History, context: CoherenceContext, report: Report): void {
  const { accepted, refused, envelopes } = history;
  const wanted = isOurs(history, context) && refused === 0 ? 1 : 0;
  if (accepted !== wanted) report(1, `${accepted} acceptances instead of ${wanted}`);
  if (envelopes !== wanted) report(1, `${envelopes} transport envelopes instead of ${wanted}`);
  if (refused > 1) report(1, `${refused} refusals of one message`);
}

interface Surroundings {
  readonly context: CoherenceContext;
  readonly report: Report;
}

function checkCertified(history: History, { address }: Recipient, { context, report }: Surroundings): void {
  const { taken, outcomes, detections, virusNotices } = history;
  const isHere = context.isOurDomain(domainPart(address));
  const ours = isOurs(history, context);
  // A refused message goes to nobody.
  const most = history.refused > 0 ? 0 : 1;
  // An envelope of another provider may have reached us for some of its recipients only: of the others, who are told of
  // by the sender's time limits there, nothing stands here.
  const reachedUs = ours || taken.of(address) > 0 || outcomes.of(address) > 0;
  const least = context.settled && reachedUs ? most : 0;
  const isWithin = (count: number) => count >= least && count <= most;
  if (isHere && !isWithin(taken.of(address)))
    report(2, `stands in ${taken.of(address)} takes in charge instead of ${most}`, address);
  // Of recipients elsewhere we hear only when the message was ours.
  if ((isHere || ours) && !isWithin(outcomes.of(address)))
    report(3, `has ${outcomes.of(address)} outcomes instead of ${most}`, address);
  const detected = detections.of(address);
  const told = virusNotices.of(address);
  if (ours && (told > detected || detected > 1 || (context.settled && told !== detected)))
    report(4, `has ${detected} virus detections and ${told} virus non-delivery notices`, address);
  if (!ours && told > 0)
    report(4, 'has a virus non-delivery notice for a message of another provider', address);
}

function checkOrdinary(history: History, { address }: Recipient, report: Report): void {
  for (const [records, what] of recordsOf(history))
    if (records.of(address) > 0) report(5, `is an ordinary recipient and has a record of ${what}`, address);
}

/** Nobody but the message's recipients may have a record. */
function checkStrangers(history: History, report: Report): void {
  const known = new Set(history.first.facts.recipients.map(({ address }) => comparable(address)));
  for (const [records, what] of recordsOf(history))
    for (const address of records.addresses())
      if (!known.has(address)) report(6, `is no recipient and has a record of ${what}`, address);
}

function recordsOf(history: History): readonly (readonly [Counter, string])[] {
  return [
    [history.taken, 'a take-in-charge'],
    [history.outcomes, 'an outcome'],
    [history.virusNotices, 'a virus notice'],
  ];
}

/** How often each address occurred. */
class Counter {
  readonly #counts = new Map<string, number>();

  add(addresses: readonly string[]): void {
    for (const address of addresses) {
      const key = comparable(address);
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    }
  }

  of(address: string): number {
    return this.#counts.get(comparable(address)) ?? 0;
  }

  addresses(): Iterable<string> {
    return this.#counts.keys();
  }
}

function sameFacts({ facts: a }: LogEvent, { facts: b }: LogEvent): boolean {
  if (a === b || a.recipients === b.recipients) return a.sender === b.sender;
  return (
    a.sender === b.sender &&
    a.recipients.length === b.recipients.length &&
    a.recipients.every(
      ({ address, certified }, index) =>
        address === b.recipients[index]?.address && certified === b.recipients[index]?.certified,
    )
  );
}

/** As addresses are compared everywhere: without case, domains in A-label form. */
function comparable(address: string): string {
  return normalizeAddress(address).toLowerCase();
}

function domainPart(address: string): string {
  return comparable(address).split('@').at(-1) ?? '';
}
