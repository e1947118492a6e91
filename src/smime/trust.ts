/** What verification leans on, as values: who is trusted, who stands between, what was revoked. */
import { type Certificate, parseCertificate } from './certificate.ts';
import type { CertificateStatus } from './ocsp.ts';
import { parseRevocationList, type RevocationList } from './revocation-list.ts';

export interface Trust {
  readonly anchors: readonly Certificate[];
  /** Authorities a signature may leave out; those inside the signature are used as well. */
  readonly intermediates: readonly Certificate[];
  readonly revocationLists: readonly RevocationList[];
  /** What OCSP responders said, by `hashCertificate`; absent when none was asked. */
  readonly statuses?: ReadonlyMap<string, CertificateStatus>;
}

export interface TrustSources {
  /** DER, each. */
  readonly anchors: readonly Uint8Array[];
  readonly intermediates?: readonly Uint8Array[];
  readonly crls?: readonly Uint8Array[];
}

/**
 * Parses once what every verification needs.
 * @throws {CertificateError | RevocationListError} when one of the sources is broken.
 */
export function parseTrust({ anchors, intermediates = [], crls = [] }: TrustSources): Trust {
  return {
    anchors: anchors.map(parseCertificate),
    intermediates: intermediates.map(parseCertificate),
    revocationLists: crls.map(parseRevocationList),
  };
}

export interface VerificationPolicy {
  /**
   * `live`: certificates must be valid at signing and now, with the profile of RFC 6109 §5.5 in force.
   * `archive`: valid at signing is enough; RSA-1024, SHA-1 certificates, basicConstraints and a keyUsage that
   * is not critical are taken, as they were in use then (pec-wire §13).
   */
  readonly mode: 'live' | 'archive';
  /** `provider`: a PEC provider's certificate; `any`: whoever may sign, as for the index. */
  readonly profile: 'provider' | 'any';
  /** For which certificates a fresh revocation list must be there; lists that are there always count. */
  readonly revocation: 'chain' | 'signer' | 'none';
  /** What the authorities of the chain must be allowed to issue for; `mail` unless told. */
  readonly purpose?: 'mail' | 'time-stamping';
}

/** What arrives now from a provider: the strictest. */
export const livePolicy: VerificationPolicy = { mode: 'live', profile: 'provider', revocation: 'signer' };

/** A message of the past, looked at again. */
export const archivePolicy: VerificationPolicy = { mode: 'archive', profile: 'provider', revocation: 'none' };
