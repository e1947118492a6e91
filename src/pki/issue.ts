/** What the development CA issues: provider, signing and server certificates (pec-wire §12). */
import { encodePem } from '../lib/pem.ts';
import type { Instant } from '../lib/time.ts';
import {
  buildCertificate,
  exportKey,
  generateEcKey,
  generateRsaKey,
  importKey,
  publicKeyOf,
} from './certificate.ts';
import { buildStatusLocations, type DevelopmentCa } from './development-ca.ts';
import { encodeName, longestNamePart } from './distinguished-name.ts';
import {
  buildExtKeyUsage,
  buildKeyUsage,
  buildSubjectAltName,
  keyUsageBits,
  purposes,
} from './extensions.ts';
import { addDays, addYears, startOfSecond } from './validity.ts';

/** A key with its certificate and the issuers up to but without the root: ready for a server or a signer. */
export interface IssuedKey {
  /** PKCS#8. */
  readonly keyPem: string;
  /** The certificate issued, alone. */
  readonly certificatePem: string;
  /** The certificate issued, then its issuing CA. */
  readonly chainPem: string;
}

export interface ProviderCertificateRequest {
  /** `providerName` of the index; RFC 6109 §5.5.1 wants it in the subject. At most 64 characters. */
  readonly providerName: string;
  /** The provider's domain: the certificate is for `posta-certificata@<domain>`. */
  readonly domain: string;
  /** Validity begins here and lasts three years. */
  readonly at: Instant;
  /** To renew with the key in use; otherwise a new RSA key of 2048 bits is made. */
  readonly keyPem?: string;
}

/**
 * A provider's certificate, exactly as pec-wire §12 and RFC 6109 §5.5 have it: RSA-2048, SHA-256, three
 * years, keyUsage critical digitalSignature, emailProtection, the service address as rfc822Name, both key
 * identifiers, CRL location, and no basicConstraints.
 */
export async function issueProviderCertificate(
  ca: DevelopmentCa,
  request: ProviderCertificateRequest,
): Promise<IssuedKey> {
  const { providerName, domain, at } = request;
  const longName = `Posta Certificata ${providerName}`;
  const subject = encodeName({
    country: 'IT',
    organization: providerName,
    commonName: [...longName].length > longestNamePart ? 'Posta Certificata' : longName,
  });
  const extensions = [
    buildKeyUsage(keyUsageBits.digitalSignature),
    buildExtKeyUsage([purposes.emailProtection]),
    buildSubjectAltName({ mailAddresses: [`posta-certificata@${domain.toLowerCase()}`] }),
    ...buildStatusLocations(ca),
  ];
  return issueUnder(ca.mail, {
    subject,
    extensions,
    key: request.keyPem === undefined ? await generateRsaKey() : importKey(request.keyPem),
    notBefore: startOfSecond(at),
    notAfter: addYears(startOfSecond(at), 3),
  });
}

export interface SigningCertificateRequest {
  readonly commonName: string;
  readonly organization: string;
  /** `emailProtection` signs indexes and extracts, `timeStamping` is for a time-stamp authority. */
  readonly purpose: 'emailProtection' | 'timeStamping';
  readonly at: Instant;
}

/** A certificate for what signs but is no provider: the index, a local time-stamp authority. Three years. */
export async function issueSigningCertificate(
  ca: DevelopmentCa,
  request: SigningCertificateRequest,
): Promise<IssuedKey> {
  const notBefore = startOfSecond(request.at);
  return issueUnder(ca.mail, {
    subject: encodeName({
      country: 'IT',
      organization: request.organization,
      commonName: request.commonName,
    }),
    extensions: [
      buildKeyUsage(keyUsageBits.digitalSignature),
      buildExtKeyUsage([purposes[request.purpose]], request.purpose === 'timeStamping'),
      ...buildStatusLocations(ca),
    ],
    key: await generateRsaKey(),
    notBefore,
    notAfter: addYears(notBefore, 3),
  });
}

export interface TlsCertificateRequest {
  /** DNS names and IP addresses, the first one is also the common name. */
  readonly hosts: readonly string[];
  readonly at: Instant;
  /** 397 by default: the longest that every mail program takes. */
  readonly days?: number;
}

/** A server certificate under the TLS CA, on a P-256 key; good for TLS clients too (index over HTTPS). */
export async function issueTlsCertificate(
  ca: DevelopmentCa,
  request: TlsCertificateRequest,
): Promise<IssuedKey> {
  const [first] = request.hosts;
  if (first === undefined) throw new RangeError('A server certificate needs a host name');
  const notBefore = startOfSecond(request.at);
  return issueUnder(ca.tls, {
    subject: encodeName({ commonName: [...first].slice(0, longestNamePart).join('') }),
    extensions: [
      buildKeyUsage(keyUsageBits.digitalSignature),
      buildExtKeyUsage([purposes.serverAuth, purposes.clientAuth]),
      buildSubjectAltName({ hosts: request.hosts }),
    ],
    key: await generateEcKey(),
    notBefore,
    notAfter: addDays(notBefore, request.days ?? 397),
  });
}

interface LeafRequest {
  readonly subject: Uint8Array;
  readonly extensions: readonly Uint8Array[];
  readonly key: ReturnType<typeof importKey>;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
}

async function issueUnder(
  issuer: { keyPem: string; certificatePem: string },
  { key, ...leaf }: LeafRequest,
): Promise<IssuedKey> {
  const der = await buildCertificate({
    ...leaf,
    publicKey: publicKeyOf(key),
    issuerCertificatePem: issuer.certificatePem,
    issuerKey: importKey(issuer.keyPem),
  });
  const certificatePem = encodePem('CERTIFICATE', der);
  return { keyPem: exportKey(key), certificatePem, chainPem: certificatePem + issuer.certificatePem };
}
