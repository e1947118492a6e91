import type { Instant } from '../lib/time.ts';

/**
 * The facts every PEC message is made of, as plain values: who certifies, and what is certified.
 * They come from the SMTP transaction (RFC 6109 §2.1) and, for what arrives, from daticert.xml; never from
 * a header that the signature does not cover. All of it survives `JSON.stringify`, so that the log can keep it.
 */

/** The provider that certifies (gestore). */
export interface ProviderIdentity {
  /** As in `providerName` of the index: written into `<gestore-emittente>`. */
  readonly name: string;
  /** The provider's own mail domain, lower case: right side of identifiers. */
  readonly domain: string;
  /** `posta-certificata@<domain>`: From of all it writes, and in its certificate's subjectAltName. */
  readonly address: string;
}

export interface Recipient {
  /** Bare `local@domain`. */
  readonly address: string;
  /** True when the domain was in the provider index at acceptance (posta certificata, not posta ordinaria). */
  readonly certified: boolean;
}

/** Which delivery receipt the sender wants (tipo di ricevuta di avvenuta consegna, RFC 6109 §3.3.2). */
export type ReceiptKind = 'completa' | 'breve' | 'sintetica';

/** What is certified about one message; the same in every notification about it (pec-wire §14 rule 6). */
export interface MessageFacts {
  /** PEC msgid without angle brackets. For an anomaly envelope: the reception's own identifier. */
  readonly identificativo: string;
  /** The client's Message-ID as it wrote it, with its angle brackets; undefined when it wrote none. */
  readonly msgid: string | undefined;
  /** SMTP reverse path, without angle brackets. */
  readonly sender: string;
  /** SMTP forward paths, in their order. */
  readonly recipients: readonly Recipient[];
  /** The original's Reply-To, decoded, else the sender. */
  readonly replyTo: string;
  /** The original's Subject, decoded; empty when there is none. */
  readonly subject: string;
}

/** A text for people, in both languages of the readable part. */
export interface Wording {
  readonly italian: string;
  readonly english: string;
}

/** What every builder of this room takes; all values of one transaction, one temporal value (RFC 6109 §4.1). */
export interface BuildValues {
  readonly provider: ProviderIdentity;
  readonly facts: MessageFacts;
  readonly at: Instant;
  /** Which texts to write; the newest when absent. A rebuild from the log names the version it was made with. */
  readonly textsVersion?: number;
}

/** The recipient as the sender wrote it: rows hold addresses in lower case, receipts say them as given. */
export function spellRecipient({ recipients }: MessageFacts, address: string): string {
  const wanted = address.toLowerCase();
  return recipients.find((recipient) => recipient.address.toLowerCase() === wanted)?.address ?? address;
}
