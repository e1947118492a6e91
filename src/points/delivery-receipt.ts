/** Which delivery receipt a recipient's delivery gives, and what it is built from (RFC 6109 §3.3.2). */
import { hex } from '../lib/bytes.ts';
import { type Segments, sliceSegments } from '../lib/segments.ts';
import type { Instant } from '../lib/time.ts';
import { spellRecipient } from '../pec/facts.ts';
import type { PecMessage, PecRecipient } from '../queue/pec-messages.ts';
import { shortenOriginal } from './brief-form.ts';
import type { Order } from './issue.ts';
import type { PointParts } from './parts.ts';

export interface StoredEnvelope {
  readonly message: PecMessage;
  /** All bytes of the transport envelope. */
  readonly segments: Segments;
}

/** The order for one recipient's receipt. The original stands in it as a range of the stored envelope. */
export async function orderReceiptFor(
  parts: PointParts,
  { message, segments }: StoredEnvelope,
  recipient: PecRecipient,
  at: Instant,
): Promise<Order> {
  const kind = recipient.receiptKind;
  const original = sliceSegments(segments, message.original.start, message.original.end);
  const enclosed =
    kind === 'breve' ? await shortenOriginal(parts.blobs, original, parts.briefHash) : original;
  const values = {
    provider: parts.provider,
    facts: message.facts,
    at,
    kind,
    recipient: spellRecipient(message.facts, recipient.address),
    ...(kind === 'sintetica' ? {} : { original: enclosed, eightBit: message.eightBit }),
    ...(kind === 'breve' ? { hashAlgorithm: parts.briefHash } : {}),
    // Whoever made the identificativo at another provider must not foresee this receipt's boundaries.
    ...(message.direction === 'incoming' ? { salt: hex(parts.random(16)) } : {}),
  };
  return { build: 'deliveryReceipt', values };
}
