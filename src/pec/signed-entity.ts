import { fromLatin1 } from '../lib/bytes.ts';
import { joinSegments, type Segments, sizeOf } from '../lib/segments.ts';
import { buildFilePart, buildMessagePart, buildMultipart, buildTextPart } from '../mime/compose.ts';
import { formatDate } from '../mime/date.ts';
import { encodeHeaderText } from '../mime/encoded-word.ts';
import type { HeaderBlock, HeaderField } from '../mime/header.ts';
import { findFields, unfold } from '../mime/header.ts';
import type { UnsignedMessage } from '../mime/unsigned-message.ts';
import type { BuildValues } from './facts.ts';
import type { GeneratedMessage } from './generated.ts';
import { deriveBoundary } from './identifiers.ts';
import type { ReadableText } from './texts/render.ts';
import { headerNames, partNames } from './wire-names.ts';

/**
 * What all twelve messages have in common: the multipart/mixed that is signed (RFC 6109 §4.3), and header
 * fields that no value can break out of. Everything written here is 7-bit.
 */
export interface BuiltMessage extends UnsignedMessage {
  /** Where the enclosed original stands in `content`, from its first byte; undefined without one. */
  readonly originalRange: { readonly start: number; readonly end: number } | undefined;
  /** What the log keeps to write it again. */
  readonly generated: GeneratedMessage;
}

export interface EnclosedOriginal {
  readonly segments: Segments;
  readonly eightBit: boolean;
}

export interface EntityParts {
  readonly text: ReadableText;
  /** daticert.xml; absent in the anomaly envelope (§3.2.2). */
  readonly certificationData?: Uint8Array | undefined;
  /** postacert.eml. */
  readonly original?: EnclosedOriginal | undefined;
  /**
   * What the boundaries are derived from. With an original it must hold a value that whoever wrote the
   * original could not foresee.
   */
  readonly seed: readonly string[];
}

/** The entity to sign: readable text first, daticert.xml and postacert.eml after it (§4.3). */
export function buildSignedEntity({ text, certificationData, original, seed }: EntityParts): Segments {
  const parts: Segments[] = [
    buildMultipart({
      subtype: 'alternative',
      boundary: deriveBoundary('alternative', seed),
      parts: [
        buildTextPart({ subtype: 'plain', text: text.plain }),
        buildTextPart({ subtype: 'html', text: text.html }),
      ],
    }),
  ];
  if (certificationData !== undefined) {
    parts.push(
      buildFilePart({
        type: 'application/xml',
        name: partNames.certificationData,
        disposition: 'inline',
        bytes: certificationData,
      }),
    );
  }
  if (original !== undefined) {
    const { segments: message, eightBit } = original;
    parts.push(buildMessagePart({ name: partNames.original, message, eightBit }));
  }
  return buildMultipart({
    subtype: 'mixed',
    boundary: deriveBoundary('mixed', seed),
    parts,
    eightBit: original?.eightBit ?? false,
  });
}

/** The whole unsigned message from its fields, each ended by CRLF, and its parts. */
export function assembleMessage(
  fields: readonly string[],
  parts: EntityParts,
): Omit<BuiltMessage, 'generated'> {
  const content = joinSegments(buildSignedEntity(parts));
  return {
    header: fromLatin1(fields.join('')),
    content,
    originalRange: locateOriginal(content, parts),
    boundary: deriveBoundary('signed', parts.seed),
    // A field inherited with bytes above 127 stands in the original too.
    eightBit: parts.original?.eightBit ?? false,
  };
}

/** The original is the last part: after it stands the closing boundary line only. */
function locateOriginal(content: Segments, { original, seed }: EntityParts): BuiltMessage['originalRange'] {
  if (original === undefined) return undefined;
  const closing = `\r\n--${deriveBoundary('mixed', seed)}--\r\n`;
  const end = sizeOf(content) - closing.length;
  return { start: end - sizeOf(original.segments), end };
}

/** `Date`, in legal time (§4.2). */
export function writeDate({ at }: BuildValues): string {
  return `Date: ${formatDate(at)}\r\n`;
}

/** `Subject`: prefix and original subject encoded together. */
export function writeSubject(prefix: string, subject: string): string {
  return encodeHeaderText('Subject', `${prefix}${subject}`);
}

/** A field with a bare address; characters that no address has cannot pass. */
export function writeAddress(name: string, address: string): string {
  return `${name}: ${printable(address)}\r\n`;
}

/** A field whose value is ours: a name or a word from `wire-names.ts`, or an identifier. */
export function writeField(name: string, value: string): string {
  return `${name}: ${printable(value)}\r\n`;
}

/** `X-Riferimento-Message-ID`, or nothing when the client wrote no Message-ID (§2.2.1). */
export function writeReference(msgid: string | undefined): string {
  if (msgid === undefined) return '';
  // Not folded where it need not be: programs compare it as it stands.
  if (/^[\x20-\x7e]{1,900}$/.test(msgid) && !msgid.includes('=?')) {
    return `${headerNames.reference}: ${msgid}\r\n`;
  }
  return encodeHeaderText(headerNames.reference, msgid);
}

/** The fields of that name as they were received, unmodified (§2.1.1.2); each ends in CRLF. */
export function inheritFields(header: HeaderBlock, name: string): string {
  return findFields(header, name).map(writeAsReceived).join('');
}

/** Like {@link inheritFields}, but nothing when no field of that name has a value. */
export function inheritValues(header: HeaderBlock, name: string): string {
  return findFields(header, name)
    .filter((field) => unfold(field.value) !== '')
    .map(writeAsReceived)
    .join('');
}

/** Bytes stay; only line ends that would not be folding are none any more. */
function writeAsReceived({ name, value }: HeaderField): string {
  return `${name}:${value.replace(/\r\n(?![ \t])|\r(?!\n)|(?<!\r)\n/g, '')}\r\n`;
}

/** What a line of a header can hold (RFC 5322 §2.1.1); no address is as long. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '').slice(0, 900);
}
