/** Whether a certificate may be the one this provider signs with (RFC 6109 §2.1, §5.5). */
import type { Instant } from '../lib/time.ts';
import { sameAddress } from '../mime/address.ts';
import type { IndexedProvider, ProviderIndex } from '../provider-index/provider-index.ts';
import { type Certificate, hashCertificate, readCertificate } from '../smime/certificate.ts';
import { mailAddressesOf } from '../smime/certificate-extensions.ts';
import { describeInstant } from '../smime/problems.ts';

export interface OwnCertificateRequest {
  /** DER. */
  readonly certificate: Uint8Array | undefined;
  /** `posta-certificata@<domain>`: From of everything we sign must be in the certificate. */
  readonly address: string;
  readonly at: Instant;
}

/** What keeps others from believing what is signed with it, in words for the operator; empty when nothing does. */
export function checkOwnCertificate({ certificate, address, at }: OwnCertificateRequest): string[] {
  const parsed = certificate === undefined ? undefined : readCertificate(certificate);
  if (parsed === undefined) return ['the signing certificate cannot be read'];
  const problems = checkCertificateAddress(parsed, address);
  if (at >= parsed.notAfter + 1000)
    problems.push(`the signing certificate expired on ${describeInstant(parsed.notAfter)}`);
  if (at < parsed.notBefore)
    problems.push(`the signing certificate is valid only from ${describeInstant(parsed.notBefore)} on`);
  return problems;
}

/** From of everything we sign must be in the certificate, whenever it is valid. */
export function checkCertificateAddress({ extensions }: Certificate, address: string): string[] {
  const names = mailAddressesOf(extensions);
  if (names.some((name) => sameAddress(name, address))) return [];
  return [`the signing certificate is not for ${address} but for ${names.join(', ') || 'no address at all'}`];
}

export interface RenewalRequest extends OwnCertificateRequest {
  /** The certificate in use. */
  readonly before: Uint8Array | undefined;
  readonly index: ProviderIndex;
}

/**
 * The same for a certificate that takes the place of another: the index must carry it already, or every other
 * provider would refuse what we sign (§4.5: several certificates may stand in one record).
 */
export function checkRenewal(request: RenewalRequest): string[] {
  const { certificate, before, index } = request;
  const problems = checkOwnCertificate(request);
  const record = before === undefined ? undefined : findRecord(index, before);
  if (problems.length > 0 || certificate === undefined || record === undefined) return problems;
  return findRecord(index, certificate)?.name === record.name
    ? []
    : [
        `the provider index does not carry the new certificate in the record of ${record.name} yet: publish it beside the one in use (published.certificates, pec index publish) and wait until the index has it`,
      ];
}

function findRecord(index: ProviderIndex, certificate: Uint8Array): IndexedProvider | undefined {
  return index.providerByCertificateHash(hashCertificate(certificate));
}
