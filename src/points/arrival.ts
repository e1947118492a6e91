/** A message at the incoming point, and what is known of it once it is read. */
import type { Instant } from '../lib/time.ts';
import { sameAddress } from '../mime/address.ts';
import type { IncomingReading } from './incoming-reading.ts';
import type { Intake } from './intake.ts';
import type { PointParts } from './parts.ts';

export interface IncomingMail {
  readonly client: { readonly address: string; readonly helo: string; readonly tls: string };
  /** Empty for the null path. */
  readonly reversePath: string;
  /** All of domains of ours, as `checkRecipient` let them pass. */
  readonly recipients: readonly string[];
  readonly source: AsyncIterable<Uint8Array>;
}

/** An arrived message with what is known of it. */
export interface Arrival extends IncomingMail {
  readonly at: Instant;
  readonly intake: Intake;
  readonly reading: IncomingReading;
}

/** The provider's own addresses take notifications from other providers (RFC 6109 §2.2.5, §2.2.6). */
export function isServiceAddress(parts: PointParts, address: string): boolean {
  return sameAddress(address, parts.provider.address) || sameAddress(address, parts.mailReceipt());
}
