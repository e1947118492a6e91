/**
 * X.509 certificates read from DER (RFC 5280 §4.1): the fields that chain checks and people ask for. Parsing
 * throws `CertificateError` and nothing else; it judges nothing but form.
 */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { type BerElement, BerError, contentOf, encodingOf, parseBer, readOid, readTime } from '../lib/ber.ts';
import type { Instant } from '../lib/time.ts';
import { type Extensions, readExtensions } from './certificate-extensions.ts';
import { type DistinguishedName, readName } from './distinguished-name.ts';

/** The bytes are no X.509 certificate. */
export class CertificateError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CertificateError';
  }
}

export interface Certificate {
  readonly der: Uint8Array;
  /** The signed part. */
  readonly tbs: Uint8Array;
  /** Hexadecimal, lower case, without leading zero bytes. */
  readonly serialNumber: string;
  /** Encoding of the issuer's name; names are linked by these bytes. */
  readonly issuer: Uint8Array;
  readonly issuerName: DistinguishedName;
  readonly subject: Uint8Array;
  readonly subjectName: DistinguishedName;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  /** Encoding of SubjectPublicKeyInfo. */
  readonly publicKeyInfo: Uint8Array;
  readonly signatureAlgorithm: string;
  readonly signature: Uint8Array;
  readonly extensions: Extensions;
}

/** @throws {CertificateError} when `der` is not one certificate. */
export function parseCertificate(der: Uint8Array): Certificate {
  const [tbs, algorithm, signature] = parseSequence(der).children;
  const fields = tbs?.children ?? [];
  // TBSCertificate ::= [0] version, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo, …
  const [serial, innerAlgorithm, issuer, validity, subject, publicKeyInfo, ...optional] =
    fields[0]?.tag === 0xa0 ? fields.slice(1) : fields;
  if (!tbs || !serial || !issuer || !subject || !publicKeyInfo || !signature)
    throw new CertificateError('the certificate lacks a field');
  const signatureAlgorithm = readOid(algorithm?.children[0]);
  // §4.1.1.2: the two must be the same, or the unsigned one could be swapped.
  if (signatureAlgorithm === undefined || signatureAlgorithm !== readOid(innerAlgorithm?.children[0]))
    throw new CertificateError('the certificate names two signature algorithms');
  const notBefore = readTime(validity?.children[0]);
  const notAfter = readTime(validity?.children[1]);
  if (notBefore === undefined || notAfter === undefined)
    throw new CertificateError('the certificate has no readable validity');
  return {
    der,
    tbs: encodingOf(tbs),
    serialNumber: readSerialNumber(serial),
    issuer: encodingOf(issuer),
    issuerName: readName(issuer),
    subject: encodingOf(subject),
    subjectName: readName(subject),
    notBefore,
    notAfter,
    publicKeyInfo: encodingOf(publicKeyInfo),
    signatureAlgorithm,
    signature: contentOf(signature).subarray(1),
    extensions: readCertificateExtensions(optional),
  };
}

/** The hexadecimal form by which certificates, signatures and revocation lists name a serial number. */
export function readSerialNumber(element: BerElement): string {
  return Buffer.from(contentOf(element))
    .toString('hex')
    .replace(/^(00)+(?=..)/, '');
}

/** `parseCertificate` for bytes from outside: undefined instead of a throw. */
export function readCertificate(der: Uint8Array): Certificate | undefined {
  try {
    return parseCertificate(der);
  } catch (error) {
    if (error instanceof CertificateError) return undefined;
    throw error;
  }
}

/**
 * `readCertificate` for what messages bring: every message of a provider has the same few certificates in it. Equal bytes
 * give the same object, so what is known of it (key, signature of its issuer) need not be found out again.
 */
export function readRecentCertificate(der: Uint8Array): Certificate | undefined {
  if (der.length > largestRecentCertificate) return readCertificate(der);
  const name = Buffer.from(der.buffer, der.byteOffset, der.length).toString('latin1');
  const known = recentCertificates.get(name);
  if (known !== undefined) return known;
  // Its own bytes: those of the message must not stay with it.
  const certificate = readCertificate(Uint8Array.from(der));
  if (certificate === undefined) return undefined;
  if (recentCertificates.size >= mostRecentCertificates) recentCertificates.clear();
  recentCertificates.set(name, certificate);
  return certificate;
}

const recentCertificates = new Map<string, Certificate>();
/** More than there are providers and authorities. */
const mostRecentCertificates = 500;
/** Bytes; those of providers have some 1500. */
const largestRecentCertificate = 8192;

/** SHA-1 over the DER, 40 lower-case hex digits: `providerCertificateHash` (RFC 6109 §4.5.1). */
export function hashCertificate(der: Uint8Array): string {
  return createHash('sha1').update(der).digest('hex');
}

/** The public key, or undefined when OpenSSL cannot read it. */
export function publicKeyOf(certificate: Certificate): KeyObject | undefined {
  const known = knownKeys.get(certificate);
  if (known !== undefined) return known;
  const name = Buffer.from(certificate.publicKeyInfo).toString('latin1');
  const key = recentKeys.get(name) ?? readPublicKey(certificate);
  if (key === undefined) return undefined;
  knownKeys.set(certificate, key);
  if (recentKeys.size >= mostRecentKeys) recentKeys.clear();
  if (name.length <= largestRecentKey) recentKeys.set(name, key);
  return key;
}

function readPublicKey({ publicKeyInfo }: Certificate): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(publicKeyInfo), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

const knownKeys = new WeakMap<Certificate, KeyObject>();
/** By their DER: every message brings the same few certificates anew. More than there are providers. */
const recentKeys = new Map<string, KeyObject>();
const mostRecentKeys = 500;
/** Bytes; RSA of 8192 bits has some 1050. */
const largestRecentKey = 1200;

function parseSequence(der: Uint8Array): BerElement {
  try {
    const element = parseBer(der);
    if (element.tag === 0x30 && element.end === der.length) return element;
  } catch (error) {
    if (!(error instanceof BerError)) throw error;
  }
  throw new CertificateError('the bytes are no certificate');
}

function readCertificateExtensions(optional: readonly BerElement[]): Extensions {
  const list = optional.find((element) => element.tag === 0xa3)?.children[0]?.children ?? [];
  try {
    return readExtensions(list);
  } catch (error) {
    if (error instanceof BerError) throw new CertificateError(`an extension is broken: ${error.message}`);
    throw error;
  }
}
