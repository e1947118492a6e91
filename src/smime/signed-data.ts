/**
 * The CMS SignedData this provider writes (RFC 5652 §5, RFC 8551 §2.5, pec-wire §2): DER, one signer by
 * issuerAndSerialNumber, RSA with SHA-256, the four signed attributes, the signer's chain embedded. This is
 * the hot path: what is the same in every message of one signer is encoded once and kept with the signer.
 */
import type { Signer } from '../keys/signer.ts';
import { contentOf, encodingOf, parseBer } from '../lib/ber.ts';
import {
  encodeContext,
  encodeElement,
  encodeInteger,
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeSetOf,
  encodeTime,
  sortSetOf,
} from '../lib/der.ts';
import type { Instant } from '../lib/time.ts';
import { oids } from './oids.ts';

export interface DetachedRequest {
  /** SHA-256 of the content, 32 bytes. */
  readonly contentDigest: Uint8Array;
  readonly signingTime: Instant;
  readonly signer: Signer;
}

export interface AttachedRequest {
  readonly content: Uint8Array;
  /** SHA-256 of the content, 32 bytes. */
  readonly contentDigest: Uint8Array;
  readonly signingTime: Instant;
  readonly signer: Signer;
  /** What the signer's values are; RSA unless told. The provider's own key is always RSA, a TLS key may not be. */
  readonly algorithm?: SignatureAlgorithm;
}

export type SignatureAlgorithm = 'rsa' | 'ecdsa';

/** Numbers the way of building the structure around a signature value; a changed structure gets the next one. */
export const signatureProfile = 1;

export interface DetachedSignature {
  /** DER ContentInfo: what `smime.p7s` holds. */
  readonly cms: Uint8Array;
  /** The RSA signature value in it; with the digest, the time and the chain it gives the same `cms` again. */
  readonly value: Uint8Array;
}

/**
 * A detached signature. Same values and key: same bytes.
 * @throws {MailError} what the signer throws.
 */
export async function signDetached(request: DetachedRequest): Promise<DetachedSignature> {
  const attributes = buildSignedAttributes(request.contentDigest, request.signingTime);
  const value = await request.signer.sign(attributes);
  return {
    cms: assemble({ chain: request.signer.chain, attributes, value, content: detachedContent }),
    value,
  };
}

export interface KeptSignature {
  /** SHA-256 of the content, 32 bytes. */
  readonly contentDigest: Uint8Array;
  readonly signingTime: Instant;
  /** The signer's certificates as they were then, its own first. */
  readonly chain: readonly Uint8Array[];
  readonly value: Uint8Array;
}

/** The same `cms` as `signDetached` gave, from the signature value that was kept: no key is needed. */
export function rebuildDetached({ contentDigest, signingTime, chain, value }: KeptSignature): Uint8Array {
  const attributes = buildSignedAttributes(contentDigest, signingTime);
  return assemble({ chain, attributes, value, content: detachedContent });
}

/**
 * A signature with its content inside, as DER ContentInfo: what a `.p7m` holds (RFC 6109 §4.5).
 * @throws {MailError} what the signer throws.
 */
export async function buildSignedData(request: AttachedRequest): Promise<Uint8Array> {
  const content = encodeSequence(dataType, encodeContext(0, encodeOctetString(request.content)));
  const attributes = buildSignedAttributes(request.contentDigest, request.signingTime);
  const value = await request.signer.sign(attributes);
  const { algorithm = 'rsa' } = request;
  return assemble({ chain: request.signer.chain, attributes, value, content, algorithm });
}

/** The signed attributes as the SET whose DER encoding is what gets signed (RFC 5652 §5.4). */
export function buildSignedAttributes(contentDigest: Uint8Array, signingTime: Instant): Uint8Array {
  return encodeSetOf(
    contentTypeAttribute,
    encodeSequence(signingTimeType, encodeElement(0x31, encodeTime(signingTime))),
    encodeSequence(messageDigestType, encodeElement(0x31, encodeOctetString(contentDigest))),
    capabilitiesAttribute,
  );
}

interface ContentInfoParts {
  readonly chain: readonly Uint8Array[];
  readonly attributes: Uint8Array;
  readonly value: Uint8Array;
  /** EncapsulatedContentInfo, DER. */
  readonly content: Uint8Array;
  readonly algorithm?: SignatureAlgorithm;
}

function assemble({ chain, attributes, value, content, algorithm = 'rsa' }: ContentInfoParts): Uint8Array {
  const constant = constantPartsOf(chain);
  // In place the SET has the implicit tag [0]; everything after the first byte is the same.
  const tagged = Buffer.from(attributes);
  tagged[0] = 0xa0;
  const signerInfo = encodeSequence(
    constant.signerHead,
    tagged,
    signatureAlgorithms[algorithm],
    encodeOctetString(value),
  );
  const signedData = encodeSequence(
    version1,
    digestAlgorithms,
    content,
    constant.certificates,
    encodeElement(0x31, signerInfo),
  );
  return encodeSequence(signedDataType, encodeContext(0, signedData));
}

interface ConstantParts {
  /** version, sid and digestAlgorithm of the SignerInfo. */
  readonly signerHead: Uint8Array;
  /** `certificates [0]` of the SignedData. */
  readonly certificates: Uint8Array;
}

/** By the first certificate, so that a signer that swaps its chain at renewal gets new parts. */
const knownParts = new WeakMap<Uint8Array, ConstantParts>();

function constantPartsOf(chain: Signer['chain']): ConstantParts {
  const [own] = chain;
  if (own === undefined) throw new Error('A signer without a certificate cannot sign a message');
  const known = knownParts.get(own);
  if (known !== undefined) return known;
  const parts = {
    signerHead: Buffer.concat([version1, buildSignerIdentifier(own), sha256Algorithm]),
    certificates: encodeContext(0, ...sortSetOf(chain)),
  };
  knownParts.set(own, parts);
  return parts;
}

/** issuerAndSerialNumber, copied from the certificate bytes and all (RFC 5652 §10.2.4). */
export function buildSignerIdentifier(certificate: Uint8Array): Uint8Array {
  const fields = parseBer(certificate).children[0]?.children ?? [];
  // TBSCertificate: [0] version (absent in v1), serialNumber, signature, issuer, …
  const offset = fields[0]?.tag === 0xa0 ? 1 : 0;
  const serial = fields[offset];
  const issuer = fields[offset + 2];
  if (serial === undefined || issuer === undefined) throw new Error('The signer chain holds no certificate');
  return encodeSequence(encodingOf(issuer), encodeElement(0x02, contentOf(serial)));
}

const version1 = encodeInteger(1);
const dataType = encodeOid(oids.contentTypeData);
const signedDataType = encodeOid(oids.contentTypeSignedData);
const signingTimeType = encodeOid(oids.signingTime);
const messageDigestType = encodeOid(oids.messageDigest);
const detachedContent = encodeSequence(dataType);
// RFC 5754 §2: the parameters of a SHA-2 algorithm are absent.
const sha256Algorithm = encodeSequence(encodeOid(oids.sha256));
const digestAlgorithms = encodeSetOf(sha256Algorithm);
// RFC 3370 §3.2: rsaEncryption, with NULL parameters.
const rsaAlgorithm = encodeSequence(encodeOid(oids.rsaEncryption), encodeNull());
// RFC 5754 §3.3: the parameters of ECDSA with SHA-2 are absent.
const signatureAlgorithms: Readonly<Record<SignatureAlgorithm, Uint8Array>> = {
  rsa: rsaAlgorithm,
  ecdsa: encodeSequence(encodeOid(oids.ecdsaWithSha256)),
};
const contentTypeAttribute = encodeSequence(encodeOid(oids.contentType), encodeElement(0x31, dataType));
const capabilitiesAttribute = encodeSequence(
  encodeOid(oids.smimeCapabilities),
  encodeElement(
    0x31,
    encodeSequence(
      ...[oids.aes256Cbc, oids.aes192Cbc, oids.aes128Cbc].map((oid) => encodeSequence(encodeOid(oid))),
    ),
  ),
);
