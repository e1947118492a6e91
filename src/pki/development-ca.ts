/**
 * The development certification authority, with the profile of the real one (RFC 6109 §5.5, pec-wire §12):
 * a root; under it an issuing CA for mail, pathLen 0, whose name constraints permit exactly the given mail
 * domains; and a second issuing CA for TLS, so that one root is all a mail program must trust.
 * Functions take and return values; who keeps the keys, and where, is the caller's affair.
 */
import { encodePem } from '../lib/pem.ts';
import type { Instant } from '../lib/time.ts';
import {
  buildCertificate,
  type CertifiedKey,
  exportKey,
  generateRsaKey,
  importKey,
  publicKeyOf,
} from './certificate.ts';
import { encodeName } from './distinguished-name.ts';
import {
  buildAuthorityConstraints,
  buildCrlDistributionPoint,
  buildExtKeyUsage,
  buildKeyUsage,
  buildMailNameConstraints,
  buildOcspAccess,
  keyUsageBits,
  purposes,
} from './extensions.ts';
import { addYears, startOfSecond } from './validity.ts';

/** Everything the authority is; plain texts, so it can be kept as JSON. */
export interface DevelopmentCa {
  readonly root: CertifiedKey;
  /** Issues provider certificates: the part AgID CA1 plays. */
  readonly mail: CertifiedKey;
  /** Issues server certificates. */
  readonly tls: CertifiedKey;
  /** Where the mail CA's revocation list will be served; stands in every certificate it issues. */
  readonly crlUrl: string;
  /** Where the root's revocation list will be served. */
  readonly rootCrlUrl: string;
  readonly ocspUrl?: string;
}

export interface DevelopmentCaRequest {
  /** Organization in all names of the authority, e.g. `Openpec Sviluppo`. */
  readonly organization: string;
  /** The hosts of `posta-certificata@…` addresses, A-label form: what the mail CA may issue for. */
  readonly mailDomains: readonly string[];
  readonly crlUrl: string;
  readonly rootCrlUrl: string;
  readonly ocspUrl?: string;
  /** Validity begins here. */
  readonly at: Instant;
}

/** A new authority with new keys. */
export async function createDevelopmentCa(request: DevelopmentCaRequest): Promise<DevelopmentCa> {
  const [rootKey, mailKey, tlsKey] = await Promise.all([
    generateRsaKey(),
    generateRsaKey(),
    generateRsaKey(),
  ]);
  const notBefore = startOfSecond(request.at);
  const rootCertificate = await buildCertificate({
    subject: nameOf(request, 'Radice di sviluppo'),
    publicKey: publicKeyOf(rootKey),
    issuerKey: rootKey,
    notBefore,
    notAfter: addYears(notBefore, 20),
    extensions: [buildAuthorityConstraints(), authorityKeyUsage],
  });
  const root = { keyPem: exportKey(rootKey), certificatePem: encodePem('CERTIFICATE', rootCertificate) };
  const shared = { organization: request.organization, rootCrlUrl: request.rootCrlUrl, root, at: request.at };
  const [mail, tls] = await Promise.all([
    issueMailCa({ ...shared, keyPem: exportKey(mailKey), mailDomains: request.mailDomains }),
    issueTlsCa({ ...shared, keyPem: exportKey(tlsKey) }),
  ]);
  const { crlUrl, rootCrlUrl, ocspUrl } = request;
  return { root, mail, tls, crlUrl, rootCrlUrl, ...(ocspUrl === undefined ? {} : { ocspUrl }) };
}

export interface MailDomainsChange {
  readonly organization: string;
  readonly mailDomains: readonly string[];
  readonly at: Instant;
}

/**
 * The authority with a mail CA certificate for another set of domains: same name, same key, so what it issued
 * stays good where its domain is still named. AgID CA1 was renewed in this way.
 */
export async function renewMailCa(ca: DevelopmentCa, change: MailDomainsChange): Promise<DevelopmentCa> {
  const { root, rootCrlUrl } = ca;
  const mail = await issueMailCa({ ...change, root, rootCrlUrl, keyPem: ca.mail.keyPem });
  return { ...ca, mail };
}

interface SubordinateRequest {
  readonly organization: string;
  readonly root: CertifiedKey;
  readonly rootCrlUrl: string;
  readonly keyPem: string;
  readonly at: Instant;
}

function issueMailCa(
  request: SubordinateRequest & { mailDomains: readonly string[] },
): Promise<CertifiedKey> {
  return issueSubordinate(request, 'CA posta certificata di sviluppo', [
    buildMailNameConstraints(request.mailDomains),
  ]);
}

function issueTlsCa(request: SubordinateRequest): Promise<CertifiedKey> {
  return issueSubordinate(request, 'CA server di sviluppo', [
    buildExtKeyUsage([purposes.serverAuth, purposes.clientAuth]),
  ]);
}

async function issueSubordinate(
  request: SubordinateRequest,
  commonName: string,
  extensions: readonly Uint8Array[],
): Promise<CertifiedKey> {
  const notBefore = startOfSecond(request.at);
  const der = await buildCertificate({
    subject: nameOf(request, commonName),
    publicKey: publicKeyOf(importKey(request.keyPem)),
    issuerCertificatePem: request.root.certificatePem,
    issuerKey: importKey(request.root.keyPem),
    notBefore,
    notAfter: addYears(notBefore, 10),
    extensions: [
      buildAuthorityConstraints(0),
      authorityKeyUsage,
      buildCrlDistributionPoint(request.rootCrlUrl),
      ...extensions,
    ],
  });
  return { keyPem: request.keyPem, certificatePem: encodePem('CERTIFICATE', der) };
}

/** Extensions that say where the status of a certificate of the mail CA is found. */
export function buildStatusLocations({ crlUrl, ocspUrl }: DevelopmentCa): Uint8Array[] {
  const ocsp = ocspUrl === undefined ? [] : [buildOcspAccess(ocspUrl)];
  return [buildCrlDistributionPoint(crlUrl), ...ocsp];
}

function nameOf({ organization }: { organization: string }, commonName: string): Uint8Array {
  return encodeName({ country: 'IT', organization, commonName });
}

const authorityKeyUsage = buildKeyUsage(keyUsageBits.keyCertSign, keyUsageBits.crlSign);
