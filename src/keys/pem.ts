/**
 * A signer over a private key in PEM. The RSA operation runs in libuv's thread pool, so a busy main thread
 * keeps serving. The key never leaves the process; nothing here reads a file.
 */
import { createPrivateKey, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { decodePem } from '../lib/pem.ts';
import type { Signer } from './signer.ts';
import { signerUnavailable } from './unavailable.ts';

/** RFC 8551 §2.2: implementations sign with RSA keys of 2048 bits at least. */
const leastModulusBits = 2048;

export interface PemKey {
  /** PKCS#8 or PKCS#1, encrypted or not. */
  readonly keyPem: string;
  /** The signer's certificate first, then its issuers; a root at the end is left off. */
  readonly chainPem: string;
  readonly passphrase?: string;
}

/**
 * A signer from a key and its certificates.
 * @throws {Error} that says what to do, when the key cannot be read, is not RSA of 2048 bits at least, or does
 * not belong to the first certificate, or when the certificates are not a chain.
 */
export function createPemSigner(pem: PemKey): Signer {
  const key = readKey(pem);
  const chain = readChain(pem.chainPem);
  const [own] = chain;
  if (own === undefined || !own.checkPrivateKey(key))
    throw new Error(
      'The private key does not belong to the first certificate: put its own certificate first.',
    );
  return {
    chain: chain.filter((certificate) => !isRoot(certificate)).map((certificate) => certificate.raw),
    key,
    sign: (tbs) => signWith(key, tbs),
  };
}

export interface AnyKeySigner {
  readonly signer: Signer;
  /** Of its values: RSASSA-PKCS1-v1_5, or ECDSA as DER; with SHA-256 both. */
  readonly algorithm: 'rsa' | 'ecdsa';
}

/**
 * The same for a key that was made for TLS and may be of another kind; never for certified mail. Undefined for kinds
 * that cannot sign CMS with SHA-256.
 * @throws {Error} that says what to do, when key or certificates cannot be read or do not belong together.
 */
export function createTlsKeySigner({ keyPem, chainPem }: PemKey): AnyKeySigner | undefined {
  const key = parseKey({ keyPem });
  if (key.asymmetricKeyType === 'rsa')
    return { signer: createPemSigner({ keyPem, chainPem }), algorithm: 'rsa' };
  const chain = readChain(chainPem);
  if (key.asymmetricKeyType !== 'ec' || chain[0]?.checkPrivateKey(key) !== true) return undefined;
  const certificates = chain.filter((certificate) => !isRoot(certificate)).map(({ raw }) => raw);
  return { signer: { chain: certificates, sign: (tbs) => signWith(key, tbs) }, algorithm: 'ecdsa' };
}

/**
 * The signing operation of a key that needs no certificate: DKIM.
 * @throws {Error} that says what to do, when the key cannot be read or is not RSA of 2048 bits at least.
 */
export function createPemSign(keyPem: string): (tbs: Uint8Array) => Promise<Uint8Array> {
  const key = readKey({ keyPem });
  return (tbs) => signWith(key, tbs);
}

function parseKey({ keyPem, passphrase }: Omit<PemKey, 'chainPem'>): KeyObject {
  try {
    return createPrivateKey(passphrase === undefined ? keyPem : { key: keyPem, passphrase });
  } catch (cause) {
    throw new Error('The private key cannot be read: is it PEM, and is the passphrase right?', { cause });
  }
}

function readKey(pem: Omit<PemKey, 'chainPem'>): KeyObject {
  const key = parseKey(pem);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== 'rsa' || bits < leastModulusBits)
    throw new Error(`The private key must be RSA of ${leastModulusBits} bits or more.`);
  return key;
}

function readChain(chainPem: string): X509Certificate[] {
  const chain = decodePem('CERTIFICATE', chainPem).map((der) => new X509Certificate(der));
  if (chain.length === 0) throw new Error('There is no certificate: a PEM block "CERTIFICATE" is needed.');
  for (const [index, certificate] of chain.entries()) {
    const issuer = chain[index + 1];
    if (issuer !== undefined && !certificate.checkIssued(issuer))
      throw new Error(
        `Certificate ${index + 2} did not issue certificate ${index + 1}: put them in order, own one first.`,
      );
  }
  return chain;
}

function isRoot(certificate: X509Certificate): boolean {
  return certificate.ca && certificate.checkIssued(certificate);
}

function signWith(key: KeyObject, tbs: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    sign('sha256', tbs, key, (error, signature) => {
      if (error === null) resolve(signature);
      else reject(signerUnavailable(error));
    });
  });
}
