/** The signature on a certificate or revocation list: algorithm by OID, verified by node:crypto. */
import { type KeyObject, verify } from 'node:crypto';
import { type Certificate, publicKeyOf } from './certificate.ts';
import { oids } from './oids.ts';

export interface SignedStructure {
  readonly tbs: Uint8Array;
  /** Dotted OID. */
  readonly signatureAlgorithm: string;
  readonly signature: Uint8Array;
}

/** True if the key of `issuer` made the signature; false for a wrong one and for algorithms not known here. */
export function isSignedBy(structure: SignedStructure, issuer: Certificate): boolean {
  const algorithm = algorithms.get(structure.signatureAlgorithm);
  const key = publicKeyOf(issuer);
  if (algorithm === undefined || key === undefined || !isUsable(key, algorithm.keyType)) return false;
  try {
    return verify(algorithm.digest, structure.tbs, key, structure.signature);
  } catch {
    return false;
  }
}

/** SHA-1 as a signature algorithm of certificates: only archived mail may lean on it. */
export function isWeakAlgorithm(oid: string): boolean {
  return oid === oids.sha1WithRsa;
}

/** The length of an RSA key in bits; 0 for another kind of key. */
export function modulusBitsOf(certificate: Certificate): number {
  const key = publicKeyOf(certificate);
  return key?.asymmetricKeyType === 'rsa' ? (key.asymmetricKeyDetails?.modulusLength ?? 0) : 0;
}

/** A key so large that verifying with it would be an attack on us is not used. */
function isUsable(key: KeyObject, keyType: string): boolean {
  if (key.asymmetricKeyType !== keyType) return false;
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  return modulusLength <= 8192 && publicExponent <= 0xffffffffn;
}

const algorithms: ReadonlyMap<string, { digest: string; keyType: string }> = new Map([
  [oids.sha1WithRsa, { digest: 'sha1', keyType: 'rsa' }],
  [oids.sha256WithRsa, { digest: 'sha256', keyType: 'rsa' }],
  [oids.sha384WithRsa, { digest: 'sha384', keyType: 'rsa' }],
  [oids.sha512WithRsa, { digest: 'sha512', keyType: 'rsa' }],
  [oids.ecdsaWithSha256, { digest: 'sha256', keyType: 'ec' }],
  [oids.ecdsaWithSha384, { digest: 'sha384', keyType: 'ec' }],
  [oids.ecdsaWithSha512, { digest: 'sha512', keyType: 'ec' }],
]);
