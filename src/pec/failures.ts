import type { Wording } from './facts.ts';
import type { DeliveryFailure } from './generated.ts';

/**
 * Why a certified message is not delivered: `errore`, enhanced status and words (pec-wire §6, RFC 3463).
 * Customers' software parses them, so each case is said in one way only.
 */
export const deliveryFailures = {
  unknownMailbox: {
    error: 'no-dest',
    status: '5.1.1',
    text: { italian: 'indirizzo non valido', english: 'invalid address' },
  },
  unknownDomain: {
    error: 'no-dominio',
    status: '5.1.2',
    text: { italian: 'dominio non valido', english: 'invalid domain' },
  },
  mailboxFull: {
    error: 'altro',
    status: '5.2.2',
    text: { italian: 'casella piena', english: 'mailbox full' },
  },
  mailboxDisabled: {
    error: 'altro',
    status: '5.2.1',
    text: { italian: 'casella non attiva', english: 'mailbox disabled' },
  },
  /** The queue's limit on idle messages (RFC 6109 §2.2.2). */
  idleTooLong: {
    error: 'altro',
    status: '5.4.7',
    text: {
      italian: 'il messaggio non è stato trasmesso entro il tempo massimo',
      english: 'the message was not transmitted within the time limit',
    },
  },
} as const satisfies Record<string, DeliveryFailure>;

/**
 * The recipient's domain takes mail of its closed group only. Not among the statuses that a peer's answer is
 * recognised by: others say 5.7.1 for reasons of their own.
 */
export const closedGroupFailure: DeliveryFailure = {
  error: 'altro',
  status: '5.7.1',
  text: {
    italian: 'il destinatario riceve messaggi solo dal proprio gruppo chiuso',
    english: 'the recipient takes messages of its closed group only',
  },
};

export interface RefusedByPeer {
  /** Enhanced status of the answer, or derived from its code. */
  readonly enhanced: string;
  /** The peer's text. */
  readonly text: string;
}

/** A refusal for good by the recipient's server: known statuses in our words, others in the peer's. */
export function describePeerRefusal({ enhanced, text }: RefusedByPeer): DeliveryFailure {
  const known = Object.values<DeliveryFailure>(deliveryFailures).find(({ status }) => status === enhanced);
  if (known !== undefined) return known;
  const words = text
    .replace(/[\s\0-\x1f\x7f-\x9f]+/g, ' ')
    .trim()
    .slice(0, 300);
  const status = /^5\.\d{1,3}\.\d{1,3}$/.test(enhanced) ? enhanced : '5.0.0';
  const error = domainStatuses.includes(status) ? 'no-dominio' : 'altro';
  return { error, status, text: { italian: words || refused.italian, english: words || refused.english } };
}

/** RFC 3463 §3.5: unable to route; §3.2: null MX (RFC 7505). */
const domainStatuses = ['5.4.4', '5.1.10'];

const refused: Wording = {
  italian: 'il server del destinatario ha rifiutato il messaggio',
  english: "the recipient's server refused the message",
};

/** `5.5.1 - … - presenza di un virus nel messaggio`. */
export const virusFailure = { status: '5.5.1', text: 'presenza di un virus nel messaggio' } as const;

/** `errore-esteso` of the two notices of §3.1.6; 5.4.1 means "closed" to readers, so only the last has it. */
export const timeoutFailures = {
  12: {
    status: '4.4.1',
    text: 'il messaggio non è stato consegnato nelle prime dodici ore dal suo invio',
  },
  24: {
    status: '5.4.1',
    text: 'il messaggio non è stato consegnato nelle ventiquattro ore successive al suo invio',
  },
} as const;
