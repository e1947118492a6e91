import type { Instant } from '../lib/time.ts';
import type { ProviderIdentity, ReceiptKind, Wording } from './facts.ts';
import type { CertificationError } from './wire-names.ts';

/**
 * What the log keeps about each message the provider wrote: enough to write the very bytes again (with the
 * facts and the instant of the event it stands in), about half a kilobyte, and the signature.
 * Everything is plain JSON. A field is never renamed or dropped: entries stay readable for thirty months and
 * more; a changed text or layout gets a new `textsVersion`.
 */
export type GeneratedKind =
  | 'acceptance-receipt'
  | 'non-acceptance-notice'
  | 'virus-non-acceptance-notice'
  | 'transport-envelope'
  | 'timeout-notice'
  | 'take-in-charge-receipt'
  | 'anomaly-envelope'
  | 'virus-detection-notice'
  | 'virus-non-delivery-notice'
  | 'delivery-receipt'
  | 'non-delivery-notice'
  | 'duplicate-attestation';

/** The signature over a generated message, kept so that a reproduction carries the original one. */
export interface SignatureRecord {
  /** SHA-256 of the signer's certificate in DER, lower-case hex: names the key that signed. */
  readonly certificate: string;
  /** Which way of building the CMS structure around it; numbered by the smime room. */
  readonly profile: number;
  /** The RSA signature value, base64. */
  readonly value: string;
}

interface GeneratedFields {
  readonly kind: GeneratedKind;
  /** With angle brackets. */
  readonly messageId: string;
  readonly textsVersion: number;
  readonly provider: ProviderIdentity;
  readonly signature?: SignatureRecord;
}

/** Why a message could not be delivered: `errore` and the pieces of `errore-esteso` (pec-wire §6). */
export interface DeliveryFailure {
  readonly error: Exclude<CertificationError, 'nessuno' | 'virus'>;
  /** Enhanced status `c.s.d` (RFC 3463). */
  readonly status: string;
  readonly text: Wording;
}

/** One reason of a non-acceptance, as it was told to the sender. */
export interface StatedReason {
  readonly status: string;
  readonly italian: string;
  readonly english: string;
}

export type GeneratedMessage =
  | (GeneratedFields & { readonly kind: 'acceptance-receipt' })
  | (GeneratedFields & { readonly kind: 'non-acceptance-notice'; readonly reasons: readonly StatedReason[] })
  | (GeneratedFields & { readonly kind: 'virus-non-acceptance-notice'; readonly virus: string })
  | (GeneratedFields & {
      readonly kind: 'transport-envelope';
      readonly receiptKind: ReceiptKind;
      readonly traceFields?: string;
      readonly warnings?: readonly Wording[];
    })
  | (GeneratedFields & {
      readonly kind: 'timeout-notice';
      readonly hours: 12 | 24;
      readonly recipient: string;
    })
  | (GeneratedFields & {
      readonly kind: 'take-in-charge-receipt';
      readonly takenInCharge: readonly string[];
      /** The sending provider's `mailReceipt` address. */
      readonly to: string;
    })
  | (GeneratedFields & {
      readonly kind: 'anomaly-envelope';
      readonly reason: Wording;
      readonly traceFields?: string;
      readonly warnings?: readonly Wording[];
    })
  | (GeneratedFields & {
      readonly kind: 'virus-detection-notice';
      readonly recipient: string;
      readonly virus: string;
      /** The sending provider's `mailReceipt` address. */
      readonly to: string;
    })
  | (GeneratedFields & {
      readonly kind: 'virus-non-delivery-notice';
      readonly recipient: string;
      readonly virus: string;
    })
  | DeliveryReceiptRecord
  | (GeneratedFields & {
      readonly kind: 'non-delivery-notice';
      readonly recipient: string;
      readonly failure: DeliveryFailure;
    })
  | (GeneratedFields & {
      readonly kind: 'duplicate-attestation';
      readonly attested: AttestedReceipt;
    });

/** What a duplicate attests: a receipt whose enclosed original is not kept any more. */
export interface AttestedReceipt {
  /** When the receipt was issued. */
  readonly at: Instant;
  /** The entry of the message log that records it. */
  readonly entry: { readonly node: string; readonly seq: number; readonly hash: string };
  /** SHA-256 of the original as submitted here, lower-case hex; undefined where another provider took it. */
  readonly originalSha256?: string;
  /** SHA-256 of the proof bundle that was attached, lower-case hex; absent where nothing was sealed yet. */
  readonly proofSha256?: string;
  readonly receipt: DeliveryReceiptRecord;
}

export type DeliveryReceiptRecord = GeneratedFields & {
  readonly kind: 'delivery-receipt';
  readonly receiptKind: ReceiptKind;
  readonly recipient: string;
  /** Of the hash files of a brief receipt. */
  readonly hashAlgorithm?: 'sha1' | 'sha256';
  readonly salt?: string;
};
