/**
 * A time-stamp authority of one's own, for the sandbox and for tests: real RFC 3161 tokens by a key with a
 * timeStamping certificate. It proves nothing against its owner, so a real provider may not choose it.
 */
import { randomBytes } from 'node:crypto';
import type { Signer } from '../keys/signer.ts';
import type { Clock } from '../lib/time.ts';
import { oids } from '../smime/oids.ts';
import { buildToken } from './build-token.ts';
import { sha256Imprint } from './message-imprint.ts';
import { readRequest, type TimeStampRequest } from './request.ts';
import { buildGranted, buildRejection } from './response.ts';
import type { TimeStampAuthority } from './time-stamp.ts';

export interface LocalAuthorityOptions {
  readonly name: string;
  /** Its certificate must be for time stamping alone (RFC 3161 §2.3). */
  readonly signer: Signer;
  readonly clock: Clock;
}

export interface LocalAuthority extends TimeStampAuthority {
  /** TimeStampResp for a TimeStampReq, both DER. Never rejects for what the request holds. */
  answer(request: Uint8Array): Promise<Uint8Array>;
}

/** The policy of these stamps: from the arc for documentation (RFC 9371), so that nobody takes it for a real one. */
export const localPolicy = '1.3.6.1.4.1.32473.3161';

export function createLocalAuthority({ name, signer, clock }: LocalAuthorityOptions): LocalAuthority {
  const grant = (request: TimeStampRequest) =>
    buildToken({
      info: {
        policy: localPolicy,
        imprint: request.imprint,
        serialNumber: drawSerialNumber(),
        time: clock(),
        nonce: request.nonce,
      },
      signer,
      withCertificates: request.withCertificates,
    });
  return {
    name,
    stamp: (digest) =>
      grant({ imprint: sha256Imprint(digest), policy: undefined, nonce: undefined, withCertificates: true }),
    answer: async (der) => {
      const request = readRequest(der);
      if (request === undefined) return buildRejection('badDataFormat', 'this is no TimeStampReq');
      if (request.hasExtensions) return buildRejection('unacceptedExtension', 'no extension is known here');
      if (request.policy !== undefined && request.policy !== localPolicy)
        return buildRejection('unacceptedPolicy', `the policy here is ${localPolicy}`);
      if (digestLengths.get(request.imprint.algorithm) !== request.imprint.digest.length)
        return buildRejection('badAlg', 'the digest must be SHA-256, SHA-384 or SHA-512');
      return buildGranted(await grant(request));
    },
  };
}

const digestLengths: ReadonlyMap<string, number> = new Map([
  [oids.sha256, 32],
  [oids.sha384, 48],
  [oids.sha512, 64],
]);

/** Random, since it must stay unique over crashes and nothing is written down (§2.4.2). */
function drawSerialNumber(): Uint8Array {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial;
}
