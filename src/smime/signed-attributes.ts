/** The signed attributes of a CMS signer, read and judged (RFC 5652 §5.4, §11). */
import { type BerElement, encodeDefinite, readOctets, readOid, readTime } from '../lib/ber.ts';
import type { Instant } from '../lib/time.ts';
import { oids } from './oids.ts';
import { problem, type SignatureProblem } from './problems.ts';

export interface SignedAttributes {
  readonly messageDigest: Uint8Array | undefined;
  readonly signingTime: Instant | undefined;
  readonly problems: readonly SignatureProblem[];
}

/** `contentType` is the OID of the content that was signed. */
export function readSignedAttributes(attributes: BerElement, contentType: string): SignedAttributes {
  const problems: SignatureProblem[] = [];
  const type = singleValue(attributes, oids.contentType);
  const digest = singleValue(attributes, oids.messageDigest);
  const time = singleValue(attributes, oids.signingTime);
  // §11.1, §11.2: both must be there, once, with one value; the type is that of the content.
  if (readOid(type === 'wrong' ? undefined : type) !== contentType)
    problems.push(problem('attribute-wrong', 'contentType'));
  const isDigest = digest !== 'wrong' && digest !== undefined && (digest.tag & ~0x20) === 0x04;
  if (!isDigest) problems.push(problem('attribute-wrong', 'messageDigest'));
  const signingTime = time === 'wrong' ? undefined : readTime(time);
  if (time === undefined) problems.push(problem('signing-time-missing'));
  else if (signingTime === undefined) problems.push(problem('attribute-wrong', 'signingTime'));
  return { messageDigest: isDigest ? readOctets(digest) : undefined, signingTime, problems };
}

/**
 * The encodings the signature may cover, likeliest first: the SET with definite lengths in the order given,
 * then sorted as DER wants it. Both say the same attributes, so taking either is safe; a signer that wrote
 * BER had to sign DER (§5.4), and some sign the order they wrote.
 */
export function listSignedEncodings(attributes: BerElement): Uint8Array[] {
  const asWritten = Buffer.from(encodeDefinite(attributes));
  asWritten[0] = 0x31;
  const parts = attributes.children.map(encodeDefinite);
  const sorted = [...parts].sort(Buffer.compare);
  if (parts.every((part, index) => part === sorted[index])) return [asWritten];
  const head = asWritten.subarray(0, asWritten.length - parts.reduce((sum, part) => sum + part.length, 0));
  return [asWritten, Buffer.concat([head, ...sorted])];
}

/** The one value of the one attribute of this type; 'wrong' when it is repeated or has several values. */
function singleValue(attributes: BerElement, type: string): BerElement | 'wrong' | undefined {
  const found = attributes.children.filter(({ children }) => readOid(children[0]) === type);
  if (found.length === 0) return undefined;
  const values = found[0]?.children[1]?.children ?? [];
  return found.length > 1 || values.length !== 1 ? 'wrong' : values[0];
}
