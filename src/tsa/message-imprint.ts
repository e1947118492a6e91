/** The digest that a time stamp is over, as it stands in requests and tokens (RFC 3161 §2.4.1). */
import { type BerElement, contentOf, readOid } from '../lib/ber.ts';
import { encodeNull, encodeOctetString, encodeOid, encodeSequence } from '../lib/der.ts';
import { oids } from '../smime/oids.ts';

export interface MessageImprint {
  /** Dotted OID. */
  readonly algorithm: string;
  readonly digest: Uint8Array;
}

/** The imprint of a SHA-256 digest, 32 bytes. */
export function sha256Imprint(digest: Uint8Array): MessageImprint {
  if (digest.length !== 32) throw new RangeError(`A SHA-256 digest has 32 bytes, not ${digest.length}`);
  return { algorithm: oids.sha256, digest };
}

/** With the NULL parameters that every authority understands. */
export function encodeImprint({ algorithm, digest }: MessageImprint): Uint8Array {
  return encodeSequence(encodeSequence(encodeOid(algorithm), encodeNull()), encodeOctetString(digest));
}

/** Undefined when the element is no MessageImprint. */
export function readImprint(element: BerElement | undefined): MessageImprint | undefined {
  const [algorithm, digest] = element?.tag === 0x30 ? element.children : [];
  const oid = readOid(algorithm?.children[0]);
  if (oid === undefined || digest?.tag !== 0x04) return undefined;
  return { algorithm: oid, digest: contentOf(digest) };
}

export function sameImprint(a: MessageImprint, b: MessageImprint): boolean {
  return a.algorithm === b.algorithm && Buffer.compare(a.digest, b.digest) === 0;
}
