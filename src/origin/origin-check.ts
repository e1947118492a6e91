/**
 * Where ordinary mail says it comes from, as a seam: SPF (RFC 7208), DKIM (RFC 6376) and DMARC (RFC 9989). The answer
 * is recorded and decides nothing; certified mail has its own proof and is never asked about.
 */
import type { OriginResults } from '../mime/authentication-results.ts';
import type { HeaderBlock } from '../mime/header.ts';

export interface OriginQuestion {
  /** IP address of the client. */
  readonly address: string;
  /** What it said in HELO or EHLO. */
  readonly helo: string;
  /** Empty for the null path. */
  readonly reversePath: string;
  readonly header: HeaderBlock;
  /** All bytes of the message as it came. */
  readonly message: AsyncIterable<Uint8Array>;
}

export interface OriginCheck {
  /** Never rejects: what cannot be told is `temperror`. Ends within seconds whatever the DNS does. */
  check(question: OriginQuestion): Promise<OriginResults>;
}
