/** What a message that this provider issued enclosed, from the stored transport envelope while that is kept. */
import { collectSegments } from '../blob/read-segments.ts';
import { loadContent } from '../content/content.ts';
import { type Segments, sizeOf, sliceSegments } from '../lib/segments.ts';
import { parseHeaderBlock } from '../mime/header.ts';
import type { MessageFacts } from '../pec/facts.ts';
import type { GeneratedMessage } from '../pec/generated.ts';
import type { EnclosedMessage } from '../pec/transport-envelope.ts';
import { findPecMessage } from '../queue/pec-messages.ts';
import { shortenOriginal } from './brief-form.ts';
import type { PointParts } from './parts.ts';

/** The longest header that a reproduction reads: more than any that was accepted. */
const longestHead = 4 * 1024 * 1024;

/**
 * The original as it was enclosed: whole, or in its brief form. Undefined for a message that encloses nothing,
 * `gone` when the original is kept no longer.
 */
export async function loadEnclosed(
  parts: Pick<PointParts, 'db' | 'blobs'>,
  facts: MessageFacts,
  generated: GeneratedMessage,
): Promise<EnclosedMessage | 'gone' | undefined> {
  const need = enclosesWhat(generated);
  if (need === undefined) return undefined;
  // A receipt for another provider's message was salted, and the envelope arrived; else it is ours.
  const direction = need.salt === undefined ? 'outgoing' : 'incoming';
  const stored = await parts.db.read(async (tx) => {
    const message = await findPecMessage(tx, direction, facts.identificativo);
    const envelopeId = message?.envelopeId ?? undefined;
    if (message === undefined || envelopeId === undefined) return undefined;
    return { message, ...(await loadContent(tx, envelopeId)) };
  });
  if (stored === undefined) return 'gone';
  const { original, eightBit } = stored.message;
  const whole = sliceSegments(stored.segments, original.start, original.end);
  const segments =
    need.brief === undefined ? whole : await shortenOriginal(parts.blobs, whole, need.brief.hashAlgorithm);
  return { header: await readHeader(parts, whole), segments, eightBit };
}

interface Need {
  readonly salt: string | undefined;
  readonly brief: { readonly hashAlgorithm: 'sha1' | 'sha256' } | undefined;
}

function enclosesWhat(generated: GeneratedMessage): Need | undefined {
  if (generated.kind === 'transport-envelope') return { salt: undefined, brief: undefined };
  if (generated.kind !== 'delivery-receipt' || generated.receiptKind === 'sintetica') return undefined;
  const { salt, receiptKind, hashAlgorithm = 'sha1' } = generated;
  return { salt, brief: receiptKind === 'breve' ? { hashAlgorithm } : undefined };
}

async function readHeader({ blobs }: Pick<PointParts, 'blobs'>, original: Segments) {
  const head = sliceSegments(original, 0, Math.min(longestHead, sizeOf(original)));
  return parseHeaderBlock(await collectSegments(blobs, head, longestHead));
}
