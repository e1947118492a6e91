/**
 * A PEC message before its signature (RFC 6109 §2.1): what pec builds and smime signs. The two byte ranges go
 * on the wire exactly as they stand here.
 */
import type { Segments } from '../lib/segments.ts';

export interface UnsignedMessage {
  /** Top-level fields but MIME-Version and Content-Type, each ended by CRLF; no blank line. */
  readonly header: Uint8Array;
  /** The entity to sign, with its own header: exactly the bytes the signature covers. */
  readonly content: Segments;
  /** Boundary of the multipart/signed around it; stands nowhere in `content`. */
  readonly boundary: string;
  /** True if `content` holds bytes above 127: to be relayed with BODY=8BITMIME. */
  readonly eightBit: boolean;
}
