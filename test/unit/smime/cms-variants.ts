/**
 * Signatures as other programs make them, and as an attacker might: a CMS writer where every part can be
 * chosen. Signs with the key of a certificate of the test authority; nothing of it is used outside tests.
 */
import { createHash, sign } from 'node:crypto';
import { contentOf, encodingOf, parseBer } from '../../../src/lib/ber.ts';
import {
  encodeContextPrimitive,
  encodeElement,
  encodeInteger,
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeSetOf,
  encodeTime,
} from '../../../src/lib/der.ts';
import { decodePem } from '../../../src/lib/pem.ts';
import { parseCertificate } from '../../../src/smime/certificate.ts';
import { oids } from '../../../src/smime/oids.ts';

export type Digest = 'sha1' | 'sha256' | 'sha384' | 'sha512';

export interface Variant {
  readonly content: Uint8Array;
  readonly keyPem: string;
  /** Own certificate first. */
  readonly chainPem: string;
  readonly signingTime: number;
  readonly digest?: Digest;
  readonly identifier?: 'issuerAndSerial' | 'subjectKey';
  /** The signed attributes, instead of the usual ones. */
  readonly attributes?: readonly Uint8Array[] | 'none';
  /** What is signed instead of the DER of the attributes. */
  readonly signedBytes?: Uint8Array;
  /** Changes the attributes after they were signed. */
  readonly alterAttributes?: (set: Buffer) => Buffer;
  readonly alterSignature?: (signature: Buffer) => Buffer;
  readonly certificates?: readonly Uint8Array[];
  readonly attached?: boolean;
  readonly contentType?: string;
  readonly signerCount?: number;
  readonly signatureAlgorithm?: string;
  /** BER: indefinite lengths outside, content in chunks. */
  readonly indefinite?: boolean;
}

export function attribute(oid: string, ...values: readonly Uint8Array[]): Uint8Array {
  return encodeSequence(encodeOid(oid), encodeSetOf(...values));
}

export function usualAttributes({ content, signingTime, digest = 'sha256' }: Variant): Uint8Array[] {
  return [
    attribute(oids.contentType, encodeOid(oids.contentTypeData)),
    attribute(oids.signingTime, encodeTime(signingTime)),
    attribute(oids.messageDigest, encodeOctetString(createHash(digest).update(content).digest())),
  ];
}

/** The CMS of the variant, DER unless `indefinite`. */
export function buildVariant(variant: Variant): Uint8Array {
  const signers = Array.from({ length: variant.signerCount ?? 1 }, () => buildSigner(variant));
  const octets = variant.indefinite
    ? indefinite(
        0x24,
        encodeOctetString(variant.content.subarray(0, 7)),
        encodeOctetString(variant.content.subarray(7)),
      )
    : encodeOctetString(variant.content);
  const inside = variant.attached ? [wrap(variant, 0xa0, octets)] : [];
  const certificates = variant.certificates ?? decodePem('CERTIFICATE', variant.chainPem);
  const signedData = wrap(
    variant,
    0x30,
    encodeInteger(1),
    encodeSetOf(digestAlgorithm(variant)),
    wrap(variant, 0x30, encodeOid(variant.contentType ?? oids.contentTypeData), ...inside),
    ...(certificates.length === 0 ? [] : [wrap(variant, 0xa0, ...certificates)]),
    wrap(variant, 0x31, ...signers),
  );
  return wrap(variant, 0x30, encodeOid(oids.contentTypeSignedData), wrap(variant, 0xa0, signedData));
}

function buildSigner(variant: Variant): Uint8Array {
  const { keyPem, digest = 'sha256' } = variant;
  const attributes = variant.attributes ?? usualAttributes(variant);
  const set = attributes === 'none' ? undefined : Buffer.from(encodeSetOf(...attributes));
  const signature = sign(digest, variant.signedBytes ?? set ?? variant.content, keyPem);
  const written = set === undefined ? undefined : (variant.alterAttributes?.(set) ?? set);
  if (written !== undefined) written[0] = 0xa0;
  return encodeSequence(
    encodeInteger(variant.identifier === 'subjectKey' ? 3 : 1),
    buildIdentifier(variant),
    digestAlgorithm(variant),
    ...(written === undefined ? [] : [written]),
    encodeSequence(encodeOid(variant.signatureAlgorithm ?? oids.rsaEncryption), encodeNull()),
    encodeOctetString(variant.alterSignature?.(signature) ?? signature),
  );
}

function buildIdentifier({ chainPem, identifier }: Variant): Uint8Array {
  const [own = new Uint8Array(0)] = decodePem('CERTIFICATE', chainPem);
  if (identifier === 'subjectKey') {
    const { subjectKeyIdentifier = '' } = parseCertificate(own).extensions;
    return encodeContextPrimitive(0, Buffer.from(subjectKeyIdentifier, 'hex'));
  }
  const [, serial, , issuer] = parseBer(own).children[0]?.children ?? [];
  if (serial === undefined || issuer === undefined) throw new Error('no certificate');
  return encodeSequence(encodingOf(issuer), encodeElement(0x02, contentOf(serial)));
}

function digestAlgorithm({ digest = 'sha256' }: Variant): Uint8Array {
  return encodeSequence(encodeOid(oids[digest]), encodeNull());
}

function wrap({ indefinite: isIndefinite }: Variant, tag: number, ...contents: Uint8Array[]): Uint8Array {
  return isIndefinite ? indefinite(tag, ...contents) : encodeElement(tag, ...contents);
}

function indefinite(tag: number, ...contents: Uint8Array[]): Uint8Array {
  return Buffer.concat([Uint8Array.of(tag, 0x80), ...contents, Uint8Array.of(0, 0)]);
}
