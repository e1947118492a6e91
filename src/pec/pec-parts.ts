import { fileNameOf } from '../mime/content-type.ts';
import type { MessagePart } from '../mime/message-part.ts';
import { partNames } from './wire-names.ts';

/**
 * The parts of a signed PEC message, found where they must stand: the multipart/signed is the top level, its
 * first part is the multipart/mixed that was verified, daticert.xml and postacert.eml are that one's direct
 * children (pec-wire §13). What a user attaches lies deeper and is never looked at here.
 */
export interface PecParts {
  /** The part the signature covers. */
  readonly mixed: MessagePart;
  readonly signature: MessagePart;
  readonly certificationData: MessagePart | undefined;
  readonly original: MessagePart | undefined;
  /** Names of parts that stand more than once: which one counts could not be told. */
  readonly doubled: readonly string[];
}

/** @returns undefined when the message as a whole is not signed, or what is signed is no multipart/mixed */
export function findPecParts(tree: MessagePart): PecParts | undefined {
  const [mixed, signature, third] = tree.children;
  if (!isType(tree, 'multipart', ['signed']) || third !== undefined) return undefined;
  if (mixed === undefined || !isType(mixed, 'multipart', ['mixed'])) return undefined;
  if (signature === undefined || !isType(signature, 'application', signatureTypes)) return undefined;
  const data = findPart(mixed, partNames.certificationData, isXml);
  const originals = findPart(mixed, partNames.original, isEnclosedMessage);
  const doubled = [
    ...(data.length > 1 ? [partNames.certificationData] : []),
    ...(originals.length > 1 ? [partNames.original] : []),
  ];
  return { mixed, signature, certificationData: data[0], original: originals[0], doubled };
}

const signatureTypes = ['pkcs7-signature', 'x-pkcs7-signature'];

/** Those of that name; else those without a name that can be nothing else. */
function findPart(
  mixed: MessagePart,
  name: string,
  isKind: (part: MessagePart) => boolean,
): readonly MessagePart[] {
  const named = mixed.children.filter((part) => fileNameOf(part)?.toLowerCase() === name);
  if (named.length > 0) return named.every(isKind) ? named : [];
  return mixed.children.filter(
    (part) => isKind(part) && part.subtype !== 'octet-stream' && fileNameOf(part) === undefined,
  );
}

function isXml(part: MessagePart): boolean {
  return isType(part, 'application', ['xml', 'octet-stream']) || isType(part, 'text', ['xml']);
}

function isEnclosedMessage(part: MessagePart): boolean {
  return isType(part, 'message', ['rfc822']);
}

function isType({ type, subtype }: MessagePart, wanted: string, subtypes: readonly string[]): boolean {
  return type === wanted && subtypes.includes(subtype);
}
