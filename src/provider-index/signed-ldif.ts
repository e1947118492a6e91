/**
 * The index in its signature (`.ldif.p7m`, RFC 6109 §4.5, §4.5.6): DER CMS with the LDIF inside. Opening it
 * means verifying it; there is no way to the content of a file whose signature is not good.
 */
import { createHash } from 'node:crypto';
import type { Signer } from '../keys/signer.ts';
import type { Instant } from '../lib/time.ts';
import { buildSignedData } from '../smime/signed-data.ts';
import type { Trust, VerificationPolicy } from '../smime/trust.ts';
import { verifyAttached } from '../smime/verify.ts';
import { IndexError } from './index-error.ts';

export interface IndexTrust {
  readonly trust: Trust;
  /** `profile` is usually `any`: the index is signed by its keeper, who is no provider. */
  readonly policy: VerificationPolicy;
  readonly now: Instant;
}

export interface OpenedLdif {
  readonly ldif: Uint8Array;
  readonly signingTime: Instant;
  /** DER of the certificate it was signed with. */
  readonly certificate: Uint8Array;
}

/** @throws {IndexError} with every reason, when the signature is not good. */
export function openSignedLdif(p7m: Uint8Array, { trust, policy, now }: IndexTrust): OpenedLdif {
  const { verdict, content } = verifyAttached({ cms: p7m, trust, policy, now });
  const { certificate, signingTime } = verdict;
  if (!verdict.ok || content === undefined || certificate === undefined || signingTime === undefined)
    throw new IndexError(
      `the signature of the index is not good: ${verdict.problems.map(({ text }) => text).join('; ')}`,
    );
  return { ldif: content, signingTime, certificate };
}

/**
 * The signed file, DER; MIME type application/pkcs7-mime, smime-type=signed-data (§4.5.6).
 * @throws {MailError} what the signer throws.
 */
export function buildSignedLdif(ldif: Uint8Array, signer: Signer, signingTime: Instant): Promise<Uint8Array> {
  const contentDigest = createHash('sha256').update(ldif).digest();
  return buildSignedData({ content: ldif, contentDigest, signingTime, signer });
}
