/**
 * What this provider publishes about itself (RFC 6109 §4.5): a signed LDIF file with a record of its own for each
 * environment, from which the keeper of the index takes domains and certificates. A record may carry several
 * certificates, so that the next one is known everywhere before it signs.
 */
import type { Signer } from '../keys/signer.ts';
import type { Instant } from '../lib/time.ts';
import { normalizeDomain } from '../mime/address.ts';
import { IndexError } from '../provider-index/index-error.ts';
import { buildOwnRecords, parseIndex } from '../provider-index/index-ldif.ts';
import type { IndexedProvider } from '../provider-index/provider-index.ts';
import { buildSignedLdif } from '../provider-index/signed-ldif.ts';
import { hashCertificate, parseCertificate } from '../smime/certificate.ts';
import { checkCertificateAddress } from './own-certificate.ts';

export interface Publication {
  readonly name: string;
  /** The provider's own domain: `posta-certificata@<domain>`. */
  readonly domain: string;
  readonly mailReceipt: string;
  readonly ldifUrl: string | undefined;
  /** All domains that are set up here. */
  readonly domains: readonly string[];
  readonly signer: Signer;
  /** DER: the next certificate before a renewal, the last one after it. */
  readonly furtherCertificates: readonly Uint8Array[];
  readonly secondary: readonly SecondaryEnvironment[];
}

export interface SecondaryEnvironment {
  readonly unit: string;
  readonly mailReceipt: string;
  readonly domains: readonly string[];
  /** DER; none: it signs with those of the main environment. */
  readonly certificates: readonly Uint8Array[];
}

/**
 * The records as they are published: the main one first; a domain of a secondary environment stands only there.
 * @throws {IndexError} when a certificate is not for this provider; {CertificateError} when one cannot be read.
 */
export function describeOwnProvider(publication: Publication): IndexedProvider[] {
  const { name, domain, mailReceipt, ldifUrl, signer } = publication;
  const elsewhere = new Set(publication.secondary.flatMap(({ domains }) => domains.map(normalizeDomain)));
  const managed = [domain, ...publication.domains]
    .map(normalizeDomain)
    .filter((each) => !elsewhere.has(each));
  const certificates = withoutTwins([...signer.chain.slice(0, 1), ...publication.furtherCertificates]);
  const address = `posta-certificata@${domain}`;
  // A certificate that is valid only later, or was until yesterday, is what a renewal publishes.
  const problems = certificates.flatMap((der) => checkCertificateAddress(parseCertificate(der), address));
  if (problems[0] !== undefined) throw new IndexError(problems[0]);
  const main: IndexedProvider = {
    name,
    mailReceipt,
    managedDomains: [...new Set(managed)],
    ...withHashes(certificates),
    ...(ldifUrl === undefined ? {} : { ldifLocationUrl: ldifUrl }),
  };
  return [main, ...publication.secondary.map((environment) => describeEnvironment(main, environment))];
}

/**
 * The signed file, DER (`.ldif.p7m`), of records that any provider can read.
 * @throws {IndexError} when others could not use it; {MailError} what the signer throws.
 */
export async function buildPublication(publication: Publication, at: Instant): Promise<Uint8Array> {
  const ldif = buildOwnRecords(describeOwnProvider(publication));
  parseIndex(ldif);
  return buildSignedLdif(ldif, publication.signer, at);
}

function describeEnvironment(main: IndexedProvider, environment: SecondaryEnvironment): IndexedProvider {
  const { unit, mailReceipt, domains, certificates } = environment;
  return {
    name: main.name,
    unit,
    mailReceipt,
    managedDomains: [...new Set(domains.map(normalizeDomain))],
    ...withHashes(certificates.length === 0 ? main.certificates : withoutTwins(certificates)),
  };
}

function withHashes(certificates: readonly Uint8Array[]) {
  return { certificates, certificateHashes: certificates.map(hashCertificate) };
}

function withoutTwins(certificates: readonly Uint8Array[]): Uint8Array[] {
  return [...new Map(certificates.map((der) => [hashCertificate(der), der])).values()];
}
