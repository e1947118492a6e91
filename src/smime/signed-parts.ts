/** Where in a message's part tree the signed bytes and the signature are (RFC 8551 §3.5.3, pec-wire §8). */
import type { MessagePart } from '../mime/message-part.ts';
import { problem, type SignatureProblem } from './problems.ts';

export interface SignedParts {
  /** The part whose bytes are signed: from `start` to `end` of the message, its header included. */
  readonly signed: MessagePart;
  readonly start: number;
  readonly end: number;
  /** The part with the CMS. */
  readonly signature: MessagePart;
}

/**
 * The two parts of a message that is signed as a whole: the top level is multipart/signed with exactly two
 * parts, the second of them the signature. Anything nested deeper never counts as the message's signature.
 */
export function locateSignature(tree: MessagePart): SignedParts | SignatureProblem {
  if (tree.type !== 'multipart' || tree.subtype !== 'signed') return problem('not-signed');
  // Readers differ in which of two Content-Type fields they follow: such a message is not what it seems.
  if (tree.fields.filter(([name]) => name.toLowerCase() === 'content-type').length !== 1)
    return problem('parts-wrong');
  const [signed, signature, third] = tree.children;
  if (signed === undefined || signature === undefined || third !== undefined || tree.truncated)
    return problem('parts-wrong');
  if (!isSignaturePart(signature)) return problem('not-signed');
  return { signed, start: signed.headerStart, end: signed.bodyEnd, signature };
}

/** Both names are in use (pec-wire §13). */
function isSignaturePart({ type, subtype }: MessagePart): boolean {
  return type === 'application' && (subtype === 'pkcs7-signature' || subtype === 'x-pkcs7-signature');
}
