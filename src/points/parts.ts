/** What the points work with: seams and values, put together once in `wire.ts`. */
import type { OrdinaryMail } from '../accounts/domains.ts';
import type { SendingLimits } from '../accounts/sending-rate.ts';
import type { VirusScanner } from '../antivirus/scanner.ts';
import type { BlobStore } from '../blob/blob-store.ts';
import type { Database } from '../db/database.ts';
import type { Signer } from '../keys/signer.ts';
import type { Steps } from '../lib/steps.ts';
import type { Clock, Instant } from '../lib/time.ts';
import type { OriginCheck } from '../origin/origin-check.ts';
import type { ProviderIdentity } from '../pec/facts.ts';
import type { ProviderIndex } from '../provider-index/provider-index.ts';
import type { PecRecipient } from '../queue/pec-messages.ts';
import type { Trust } from '../smime/trust.ts';
import type { StoredEnvelope } from './delivery-receipt.ts';
import type { Issuing } from './issue.ts';

export interface PointLimits {
  /** Most recipients of one message; at least 50 must be allowed, the market's figure is 500. */
  readonly recipients: number;
  /** Absolute size of one message, bytes; above it SMTP refuses. */
  readonly messageBytes: number;
  /** Largest size × recipients, bytes; RFC 6109 §3.1.1 orders that 30 MB is accepted. */
  readonly totalBytes: number;
  /** Longest header block, bytes. */
  readonly headBytes: number;
  /** An arriving envelope issued longer ago certifies nothing any more, milliseconds. */
  readonly envelopeAgeMs: number;
}

/** A place among the deliveries under way, taken before the rows are written. */
export interface ReservedDelivery {
  /** For the rows of the recipients: they are in these hands from birth. */
  readonly lease: { readonly owner: string; readonly until: Instant };
  /** After the commit: delivers with what the acceptance has in hand. */
  begin(envelope: StoredEnvelope, recipients: readonly PecRecipient[]): void;
  /** Nothing was committed. */
  cancel(): void;
}

export interface Workers {
  /**
   * A place for a message to so many recipients here, so that no row must be claimed and read again; undefined when
   * it must wait for its turn in the rows.
   */
  reserveDelivery?(recipients: number): ReservedDelivery | undefined;
  /** There are recipients of our own to deliver to. */
  deliveriesWaiting(): void;
  /** There are rows in the outgoing queue. */
  queueWaiting(): void;
  /** A time limit may have moved. */
  timeoutsChanged(): void;
}

export interface PointParts {
  readonly provider: ProviderIdentity;
  /** Name of this server, for trace fields. */
  readonly hostname: string;
  /** Name of this node: log stream, leases. */
  readonly node: string;
  readonly clock: Clock;
  /** `length` unpredictable bytes. */
  readonly random: (length: number) => Uint8Array;
  readonly db: Database;
  readonly blobs: BlobStore;
  /** The one in use now, to be asked for each message: a renewal puts another in its place. */
  readonly signer: Signer;
  /** Who carries out orders for messages elsewhere; undefined: they are issued where they are asked for. */
  readonly issuing?: Issuing | undefined;
  readonly scanner: VirusScanner;
  /** @throws {MailError} 451 4.3.0 while the provider may not certify: its clock is wrong, it has no index. */
  readonly ready: () => void;
  /** The copy of the provider index in force now. */
  readonly index: () => ProviderIndex;
  /** Whom signatures are checked against, with the revocation lists known now. */
  readonly trust: () => Trust;
  readonly limits: PointLimits;
  readonly briefHash: 'sha1' | 'sha256';
  /** A ricevuta di presa in carico is written for recipients here as well, to our own `mailReceipt`. */
  readonly localTakeInCharge: boolean;
  /** Of attachments that the access point does not take; lower case, without dots. */
  readonly forbiddenExtensions: readonly string[];
  /** Recipients a mailbox may write to, for mailboxes that say nothing. */
  readonly sendingLimits: SendingLimits;
  /** What becomes of ordinary mail for mailboxes and domains that say nothing. */
  readonly ordinaryMail: OrdinaryMail;
  /** Who says where ordinary mail comes from; undefined when nobody is to be asked. */
  readonly origin: OriginCheck | undefined;
  /** For which certificates a fresh revocation list must be there. */
  readonly revocation: 'chain' | 'signer' | 'none';
  /** Where other providers send prese in carico and virus detections: `mailReceipt` of our own index entry. */
  readonly mailReceipt: () => string;
  readonly steps: Steps;
  readonly workers: Workers;
}
