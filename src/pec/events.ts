import type { Instant } from '../lib/time.ts';
import type { OriginResults } from '../mime/authentication-results.ts';
import type { MessageFacts, ReceiptKind, Wording } from './facts.ts';
import type { DeliveryFailure, GeneratedMessage, StatedReason } from './generated.ts';

/**
 * The closed union of what the message log (log dei messaggi) records. Each event carries every field that
 * RFC 6109 §2.3 asks for, by these names:
 *
 * - message identifier (msgid): `facts.msgid`, and the PEC one in `facts.identificativo`
 * - date and time of event: `at`, the transaction's one temporal value (§4.1)
 * - sender, recipients, subject of the original message: `facts`
 * - event type: `type`
 * - message identifiers of related generated messages: `generated[].messageId`
 * - sending provider: `sendingProvider`
 *
 * Events are plain JSON and say what was done, never what is planned. A type or field, once written, keeps its
 * meaning for ever; new ones may be added.
 */
interface EventFields {
  readonly at: Instant;
  readonly facts: MessageFacts;
  /** The name of the provider of the original's sender; empty for ordinary mail. */
  readonly sendingProvider: string;
  /** The messages written in this act, with what is needed to write them again. */
  readonly generated: readonly GeneratedMessage[];
}

/** The access point accepted: acceptance receipt and transport envelope. */
export interface AcceptedEvent extends EventFields {
  readonly type: 'accepted';
  /** Name of the login: a mailbox may have several, and each answers for what it sends. */
  readonly login: string;
  readonly receiptKind: ReceiptKind;
  /** Of the original as submitted, bytes. */
  readonly size: number;
  /** SHA-256 of the original as submitted, lower-case hex. */
  readonly originalSha256: string;
}

/** The access point refused with a notice: formal checks or policies (RFC 6109 §3.1.2). */
export interface RefusedEvent extends EventFields {
  readonly type: 'refused';
  readonly login: string;
  readonly size: number;
  readonly reasons: readonly (StatedReason & { readonly code: string })[];
}

/** The access point refused an infected message; it is in the store of infected messages (§3.1.3, §2.2.4). */
export interface RefusedForVirusEvent extends EventFields {
  readonly type: 'refused-for-virus';
  readonly login: string;
  readonly size: number;
  readonly virus: string;
}

/** Another server took the message for this recipient. */
export interface RelayedEvent extends EventFields {
  readonly type: 'relayed';
  /** Message-ID of what was handed over, an envelope or a notification. */
  readonly messageId: string;
  readonly recipient: string;
  /** The server that answered, and its answer in one line. */
  readonly server: string;
  readonly answer: string;
}

/** The incoming point took a good transport envelope in charge for its recipients here (§3.2.1). */
export interface TakenInChargeEvent extends EventFields {
  readonly type: 'taken-in-charge';
  /** The certified recipients of this SMTP transaction; a local transfer generates no message by default. */
  readonly takenInCharge: readonly string[];
  readonly size: number;
}

/** A notification arrived, good in signature and form, from the provider `issuer`. */
export interface NotificationReceivedEvent extends EventFields {
  readonly type: 'notification-received';
  /** X-Ricevuta in lower case; may be a value this provider does not know. */
  readonly notification: string;
  /** `errore` of its daticert.xml. */
  readonly error: string;
  /** Its Message-ID with angle brackets. */
  readonly notificationId: string;
  readonly issuer: string;
  /** The recipients it is about: `<consegna>`, or each `<ricezione>`. */
  readonly about: readonly string[];
  /** True when the transaction was closed for these recipients before: it changes no outcome. */
  readonly late: boolean;
}

/** What arrived was put into an anomaly envelope (§3.2.2). */
export interface AnomalyEvent extends EventFields {
  readonly type: 'anomaly';
  readonly reason: Wording;
  /** Message-ID of what arrived, if it had one. */
  readonly receivedId: string | undefined;
  /** What SPF, DKIM and DMARC say of ordinary mail, where it was asked. */
  readonly origin?: OriginResults;
  readonly size: number;
}

/** Ordinary mail that was not let in. */
export interface OrdinaryRefusedEvent extends EventFields {
  readonly type: 'ordinary-refused';
  readonly reason: Wording;
}

/** A good transport envelope with a virus arrived: not delivered to this recipient here (§3.2.3). */
export interface VirusDetectedEvent extends EventFields {
  readonly type: 'virus-detected';
  readonly recipient: string;
  readonly virus: string;
}

/** A certified message stands in the recipient's mailbox (§3.3.2). */
export interface DeliveredEvent extends EventFields {
  readonly type: 'delivered';
  readonly recipient: string;
  readonly receiptKind: ReceiptKind;
}

/** A certified message could not be delivered, here or by relay (§3.3.3). */
export interface NotDeliveredEvent extends EventFields {
  readonly type: 'not-delivered';
  readonly recipient: string;
  readonly failure: DeliveryFailure;
}

/** A notification, or an anomaly envelope, stands in a mailbox here. */
export interface PutIntoMailboxEvent extends EventFields {
  readonly type: 'put-into-mailbox';
  /** Message-ID of what was stored. */
  readonly messageId: string;
  /** The mailbox it was put into. */
  readonly mailbox: string;
}

/** A 12 h or 24 h notice was sent for this recipient (§3.1.6); after the 24 h one the transaction is closed. */
export interface TimeoutEvent extends EventFields {
  readonly type: 'timeout';
  readonly hours: 12 | 24;
  readonly recipient: string;
}

/** The sender was told of a virus that the receiving provider found (§3.2.4). */
export interface VirusNonDeliveryEvent extends EventFields {
  readonly type: 'virus-non-delivery';
  readonly recipient: string;
  readonly virus: string;
}

/** An ordinary recipient's server refused for good: a standard delivery status notification was written. */
export interface OrdinaryFailedEvent extends EventFields {
  readonly type: 'ordinary-failed';
  readonly recipient: string;
  readonly status: string;
  readonly answer: string;
}

/** A receipt was written again from the log, at the request of the holder or of whoever may ask for it. */
export interface ReproducedEvent extends EventFields {
  readonly type: 'reproduced';
  readonly messageId: string;
  readonly requestedBy: string;
}

/** An extract of the log was made, for a holder or a court. It is about no one message: its facts are empty. */
export interface ExtractedEvent extends EventFields {
  readonly type: 'extracted';
  readonly requestedBy: string;
  readonly format: string;
  /** What was asked for, by name. */
  readonly search: Readonly<Record<string, string | number | readonly string[]>>;
  /** The mailboxes it was asked for by: their holders find it. */
  readonly about: readonly string[];
  readonly entries: number;
  /** SHA-256 of the document, lower-case hex. */
  readonly documentSha256: string;
}

export type LogEvent =
  | AcceptedEvent
  | RefusedEvent
  | RefusedForVirusEvent
  | RelayedEvent
  | TakenInChargeEvent
  | NotificationReceivedEvent
  | AnomalyEvent
  | OrdinaryRefusedEvent
  | VirusDetectedEvent
  | DeliveredEvent
  | NotDeliveredEvent
  | PutIntoMailboxEvent
  | TimeoutEvent
  | VirusNonDeliveryEvent
  | OrdinaryFailedEvent
  | ReproducedEvent
  | ExtractedEvent;

export type LogEventType = LogEvent['type'];

/** Every type there is, in the order of a message's life. */
export const logEventTypes = [
  'accepted',
  'refused',
  'refused-for-virus',
  'relayed',
  'taken-in-charge',
  'notification-received',
  'anomaly',
  'ordinary-refused',
  'virus-detected',
  'delivered',
  'not-delivered',
  'put-into-mailbox',
  'timeout',
  'virus-non-delivery',
  'ordinary-failed',
  'reproduced',
  'extracted',
] as const satisfies readonly LogEventType[];
