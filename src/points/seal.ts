/**
 * From a built message to one that can be stored and sent: hashed, signed, with the record that the log keeps
 * of it. Nothing unsigned leaves this room.
 */
import { hashSegments } from '../blob/read-segments.ts';
import { type Segments, sizeOf } from '../lib/segments.ts';
import type { Instant } from '../lib/time.ts';
import type { GeneratedMessage } from '../pec/generated.ts';
import type { BuiltMessage } from '../pec/signed-entity.ts';
import { signMessage } from '../smime/sign.ts';
import { signatureProfile } from '../smime/signed-data.ts';
import type { PointParts } from './parts.ts';
import { nameCertificate } from './signing-chains.ts';

export interface SealedMessage {
  readonly segments: Segments;
  /** Bytes. */
  readonly size: number;
  readonly eightBit: boolean;
  readonly generated: GeneratedMessage;
}

/**
 * Signs the message at the transaction's time.
 * @throws {MailError} `temporary`, 451, when the key or the bytes of the original cannot be had.
 */
export async function seal(
  { blobs, signer }: Pick<PointParts, 'blobs' | 'signer'>,
  built: BuiltMessage,
  at: Instant,
): Promise<SealedMessage> {
  const contentDigest = await hashSegments(blobs, built.content, 'sha256');
  const { segments, value } = await signMessage(built, { contentDigest, signingTime: at, signer });
  const signature = {
    certificate: nameCertificate(signer),
    profile: signatureProfile,
    value: Buffer.from(value).toString('base64'),
  };
  const generated = { ...built.generated, signature };
  return { segments, size: sizeOf(segments), eightBit: built.eightBit, generated };
}
