/**
 * What happens in one simulated world, as plain values: who writes to whom, what fails, who attacks. A plan can be
 * kept as a file, and any part of it can be left out: that is how a failing one is made small.
 */

/** Milliseconds since the start of the world. */
export type Moment = number;

export interface Span {
  readonly from: Moment;
  readonly until: Moment;
}

export interface PlannedMessage {
  readonly id: number;
  readonly at: Moment;
  readonly from: string;
  readonly to: readonly string[];
  readonly cc: readonly string[];
  /** Of the body, bytes about. */
  readonly size: number;
  readonly receiptKind: 'completa' | 'breve' | 'sintetica' | undefined;
  /** `virus`: every scanner knows it; `late-virus`: only that of the recipient's provider. */
  readonly flaw: 'bcc' | 'virus' | 'late-virus' | 'attachment' | undefined;
}

/** What a holder does with a mailbox, or a provider with it. */
export interface HolderAct {
  readonly at: Moment;
  readonly mailbox: string;
  readonly act: 'flag' | 'copy' | 'move' | 'expunge' | 'shrink' | 'remove';
}

export interface Intrusion {
  readonly at: Moment;
  readonly provider: number;
  /**
   * `replay`: what was on the wire comes again; `redirect`: to somebody else; `tampered`: with a byte changed;
   * `stranger`: signed by nobody's authority; `false-witness`: a provider speaks for another's users; `ordinary`: mail
   * that claims nothing.
   */
  readonly kind: 'replay' | 'redirect' | 'tampered' | 'stranger' | 'false-witness' | 'ordinary';
}

export type PlannedFault =
  /** Those inside reach one another, and nobody else. */
  | (Span & { readonly kind: 'partition'; readonly inside: readonly number[]; readonly oneWay: boolean })
  /** Each way of going wrong with its probability, 0 to 1. */
  | (Span & { readonly kind: 'network' } & Readonly<Record<NetworkTrouble, number>>)
  /** Dies after so many more events of its own. */
  | (Crash & { readonly kind: 'crash'; readonly at: Moment; readonly events: number })
  /** Dies at the n-th time it reaches the step. */
  | (Crash & {
      readonly kind: 'crash-at-step';
      readonly at: Moment;
      readonly step: string;
      readonly nth: number;
    })
  | (Crash & { readonly kind: 'crash-in-transaction'; readonly at: Moment; readonly nth: number })
  | (Local & { readonly kind: 'disk-full'; readonly probability: number })
  | (Local & { readonly kind: 'database'; readonly probability: number })
  | (Local & { readonly kind: 'signer'; readonly slowMs: number; readonly away: number })
  | (Local & { readonly kind: 'scanner'; readonly slowMs: number; readonly away: number })
  /** Says that bytes are durable before they are: no promise holds then. Never drawn; it proves that the checks see. */
  | (Local & { readonly kind: 'lying-disk' })
  /** Its copy of the index, older than all messages, does not know some provider yet. */
  | (Local & { readonly kind: 'stale-index'; readonly missing: number })
  /** The authority that stamps its log never answers, is away, or answers wrongly. */
  | (Local & { readonly kind: 'stamps'; readonly trouble: 'hangs' | 'away' | 'lies' })
  /**
   * The server of revocation lists, as it sees it: never answers, is away, serves no newer one than it had at the
   * beginning or the one of the day before, or what is no list of the authority.
   */
  | (Local & { readonly kind: 'lists'; readonly trouble: 'hangs' | 'away' | 'late' | 'old' | 'lies' })
  /** Its first key is revoked, and it signs with a new one; whoever stole the old one signs with it. */
  | {
      readonly kind: 'revocation';
      readonly at: Moment;
      readonly provider: number;
      readonly stolen: boolean;
    }
  /** Its clock or index is known to be wrong: it may not certify. */
  | (Local & { readonly kind: 'not-ready' })
  /** Its clock is off, and nobody notices. */
  | (Local & { readonly kind: 'clock'; readonly offMs: number })
  /** It signs with a new key from now on. */
  | { readonly kind: 'renewal'; readonly at: Moment; readonly provider: number };

export type NetworkTrouble = 'refused' | 'lost' | 'cut' | 'answerLost' | 'doubled' | 'late';

interface Crash {
  readonly provider: number;
  readonly downMs: number;
}

interface Local extends Span {
  readonly provider: number;
}

export interface Plan {
  readonly seed: number;
  readonly providers: number;
  /** Of each provider. */
  readonly mailboxes: number;
  /** What revocation lists are to providers, as `trust.crl` has it; without it there are none. */
  readonly lists?: 'required' | 'if-available';
  readonly messages: readonly PlannedMessage[];
  readonly holders: readonly HolderAct[];
  readonly intrusions: readonly Intrusion[];
  readonly faults: readonly PlannedFault[];
}

export const minute = 60_000;
export const hour = 60 * minute;

/** Domains without certified mail. */
export const ordinaryDomains = ['ordinaria.test', 'lenta.test', 'rifiuta.test'] as const;

export function domainOfNumber(provider: number): string {
  return `gestore${provider}.test`;
}

export function mailboxOf(provider: number, mailbox: number): string {
  return `utente${mailbox}@${domainOfNumber(provider)}`;
}

/** When the last thing of the plan has happened or is over. */
export function endOf({ messages, holders, intrusions, faults }: Plan): Moment {
  const ends = faults.map((fault) => {
    if ('until' in fault) return fault.until;
    return 'downMs' in fault ? fault.at + fault.downMs : fault.at;
  });
  const moments = [...messages, ...holders, ...intrusions].map(({ at }) => at);
  return Math.max(0, ...ends, ...moments);
}
