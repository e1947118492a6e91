import type { Wording } from '../facts.ts';

/**
 * The shape of the readable texts (RFC 6109 §4.3.1). A set of texts is data, and once a provider has signed
 * with it, frozen: receipts are reproduced from the log for thirty months, so a better sentence, layout or
 * transliteration is a new version beside the old one, never a change of it.
 */
export type TextName =
  | 'acceptance'
  | 'nonAcceptance'
  | 'virusNonAcceptance'
  | 'transport'
  | 'timeout12'
  | 'timeout24'
  | 'takeInCharge'
  | 'anomaly'
  | 'virusDetection'
  | 'virusNonDelivery'
  | 'deliveryComplete'
  | 'deliveryBrief'
  | 'deliveryConcise'
  | 'nonDelivery'
  | 'duplicate'
  | 'provedDuplicate';

/**
 * One text in one language. In a line `{name}` stands for a value (see {@link TextValues}). Two names must
 * stand alone: `{recipients}` becomes one line a recipient, `{warnings}` one a warning.
 */
export interface TextModel {
  readonly title: string;
  readonly lines: readonly string[];
}

export interface TextSet {
  readonly version: number;
  readonly texts: Readonly<Record<TextName, { readonly italian: TextModel; readonly english: TextModel }>>;
  /** What stands behind a recipient in the acceptance receipt. */
  readonly certified: Wording;
  readonly ordinary: Wording;
  /** Before each warning. */
  readonly warning: Wording;
  /** Text without characters that Latin-1 lacks. */
  writeLatin1(text: string): string;
}

/** The values the lines speak of; all untrusted text goes through the renderer's cleaning. */
export interface TextValues {
  readonly day: string;
  readonly time: string;
  readonly zone: string;
  readonly subject: string;
  readonly sender: string;
  readonly identificativo: string;
  readonly recipient?: string;
  /** `certified` undefined: no mark behind the address. */
  readonly recipients?: readonly { readonly address: string; readonly certified?: boolean }[];
  /** Why not accepted, not certified or not delivered. */
  readonly reason?: Wording;
  readonly virus?: string;
  readonly warnings?: readonly Wording[];
  /** Of a receipt that a duplicate stands for: its kind, its instant and its Message-ID. */
  readonly receiptname?: string;
  readonly issued?: string;
  readonly reference?: string;
}
