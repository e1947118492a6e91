/**
 * X.509 certificates (RFC 5280 §4.1), assembled as DER and signed with node:crypto in the thread pool.
 * Serial numbers are drawn at random; everything else comes in. Nothing here reads or writes a file.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import { promisify } from 'node:util';
import { contentOf, encodingOf, parseBer } from '../lib/ber.ts';
import {
  encodeBitString,
  encodeContext,
  encodeInteger,
  encodeNull,
  encodeOid,
  encodeSequence,
  encodeTime,
} from '../lib/der.ts';
import { decodePem } from '../lib/pem.ts';
import type { Instant } from '../lib/time.ts';
import { buildAuthorityKeyIdentifier, buildSubjectKeyIdentifier, hashPublicKey } from './extensions.ts';

/** A certificate with its key, both PEM: what a caller saves. */
export interface CertifiedKey {
  /** PKCS#8. */
  readonly keyPem: string;
  readonly certificatePem: string;
}

export interface CertificateRequest {
  /** DER of the subject's name. */
  readonly subject: Uint8Array;
  readonly publicKey: KeyObject;
  /** Absent for a self-signed certificate: then `issuerKey` is the key of `publicKey`. */
  readonly issuerCertificatePem?: string;
  readonly issuerKey: KeyObject;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  /** Beside the two key identifiers, which every certificate gets. */
  readonly extensions: readonly Uint8Array[];
}

/** The signed certificate, DER. */
export async function buildCertificate(request: CertificateRequest): Promise<Uint8Array> {
  const spki = request.publicKey.export({ format: 'der', type: 'spki' });
  const ownIdentifier = hashPublicKey(publicKeyBitsOf(spki));
  const issuer = issuerOf(request, ownIdentifier);
  const tbs = encodeSequence(
    encodeContext(0, encodeInteger(2)),
    encodeInteger(drawSerialNumber()),
    sha256WithRsa,
    issuer.name,
    encodeSequence(encodeTime(request.notBefore), encodeTime(request.notAfter)),
    request.subject,
    spki,
    encodeContext(
      3,
      encodeSequence(
        buildSubjectKeyIdentifier(ownIdentifier),
        buildAuthorityKeyIdentifier(issuer.keyIdentifier),
        ...request.extensions,
      ),
    ),
  );
  return signStructure(tbs, request.issuerKey);
}

/** `tbs`, the algorithm and the signature over `tbs`: the shape certificates and revocation lists share. */
export async function signStructure(tbs: Uint8Array, key: KeyObject): Promise<Uint8Array> {
  const signature = await signAsync('sha256', tbs, key);
  return encodeSequence(tbs, sha256WithRsa, encodeBitString(signature));
}

/** `sha256WithRSAEncryption` with its NULL (RFC 4055 §5). */
export const sha256WithRsa = encodeSequence(encodeOid('1.2.840.113549.1.1.11'), encodeNull());

/** A new RSA key of 2048 bits, made in the thread pool. */
export async function generateRsaKey(): Promise<KeyObject> {
  return (await generateAsync('rsa', { modulusLength: 2048 })).privateKey;
}

/** A new P-256 key: for TLS, where it costs a tenth of RSA. */
export async function generateEcKey(): Promise<KeyObject> {
  return (await generateEcAsync('ec', { namedCurve: 'P-256' })).privateKey;
}

export function exportKey(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString();
}

/** The key of a `CertifiedKey`. */
export function importKey(keyPem: string): KeyObject {
  return createPrivateKey(keyPem);
}

export function publicKeyOf(key: KeyObject): KeyObject {
  return createPublicKey(key);
}

/** Name and subject key identifier of an issuer, as they stand in its certificate. */
export function readIssuer(certificatePem: string): { name: Uint8Array; keyIdentifier: Uint8Array } {
  const [der] = decodePem('CERTIFICATE', certificatePem);
  if (der === undefined) throw new Error('The issuer certificate is not PEM');
  // TBSCertificate: version, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo, …
  const fields = parseBer(der).children[0]?.children ?? [];
  const name = fields[5];
  const spki = fields[6];
  if (name === undefined || spki === undefined)
    throw new Error('The issuer certificate is not X.509 version 3');
  return { name: encodingOf(name), keyIdentifier: hashPublicKey(publicKeyBitsOf(encodingOf(spki))) };
}

function issuerOf({ issuerCertificatePem, subject }: CertificateRequest, ownIdentifier: Uint8Array) {
  if (issuerCertificatePem === undefined) return { name: subject, keyIdentifier: ownIdentifier };
  return readIssuer(issuerCertificatePem);
}

/** The content of the BIT STRING in a SubjectPublicKeyInfo, without its count of unused bits. */
function publicKeyBitsOf(spki: Uint8Array): Uint8Array {
  const bits = parseBer(spki).children[1];
  if (bits === undefined) throw new Error('The public key has no bits');
  return contentOf(bits).subarray(1);
}

/** RFC 5280 §4.1.2.2: positive, at most 20 octets; 127 random bits. */
function drawSerialNumber(): Uint8Array {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial;
}

const signAsync = promisify(sign) as (
  algorithm: string,
  bytes: Uint8Array,
  key: KeyObject,
) => Promise<Buffer>;
const generateAsync = promisify(generateKeyPair) as (
  type: 'rsa',
  options: { modulusLength: number },
) => Promise<{ privateKey: KeyObject }>;
const generateEcAsync = promisify(generateKeyPair) as (
  type: 'ec',
  options: { namedCurve: string },
) => Promise<{ privateKey: KeyObject }>;
