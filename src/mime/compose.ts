/**
 * Puts MIME parts together, byte for byte the same from the same values: boundaries come in, nothing is drawn
 * or timed. Parts are lists of segments, so a 30 MB original inside costs no copy.
 * Every function gives a whole entity: its header, the blank line, its body.
 */
import { fromLatin1, fromUtf8, isAsciiText } from '../lib/bytes.ts';
import type { Segments } from '../lib/segments.ts';
import { encodeBase64Lines, encodeQuotedPrintable } from './transfer.ts';

export interface TextPart {
  readonly subtype: 'plain' | 'html';
  /** Unicode, lines ended by `\n` or CRLF. */
  readonly text: string;
}

/**
 * An inline text part, quoted-printable: ASCII on the wire, never changed by a relay. In ISO-8859-1, as the readable
 * parts of PEC are (pec-wire §2), unless the text holds a character beyond it; then in UTF-8, so that none is lost.
 */
export function buildTextPart({ subtype, text }: TextPart): Segments {
  const isLatin1 = !/[^\0-\xff]/.test(text);
  const bytes = isLatin1 ? fromLatin1(text) : fromUtf8(text);
  return entity(
    [
      `Content-Type: text/${subtype}; charset="${isLatin1 ? 'iso-8859-1' : 'utf-8'}"`,
      'Content-Transfer-Encoding: quoted-printable',
      'Content-Disposition: inline',
    ],
    [fromLatin1(encodeQuotedPrintable(bytes))],
  );
}

export interface FilePart {
  /** `type/subtype`. */
  readonly type: string;
  /** ASCII file name, for both `name` and `filename`. */
  readonly name: string;
  readonly disposition: 'inline' | 'attachment';
  readonly bytes: Uint8Array;
}

/** A file, in base64. @throws {TypeError} when the name is not plain ASCII */
export function buildFilePart({ type, name, disposition, bytes }: FilePart): Segments {
  checkQuotable(name);
  return entity(
    [
      `Content-Type: ${type}; name="${name}"`,
      'Content-Transfer-Encoding: base64',
      `Content-Disposition: ${disposition}; filename="${name}"`,
    ],
    [fromLatin1(encodeBase64Lines(bytes))],
  );
}

export interface EnclosedMessagePart {
  /** ASCII file name, for both `name` and `filename`. */
  readonly name: string;
  /** The message, exactly as it must come out again. */
  readonly message: Segments;
  /** True if it holds bytes above 127. */
  readonly eightBit: boolean;
}

/** A message/rfc822 around a message that stays as it is. @throws {TypeError} when the name is not plain ASCII */
export function buildMessagePart({ name, message, eightBit }: EnclosedMessagePart): Segments {
  checkQuotable(name);
  return entity(
    [
      `Content-Type: message/rfc822; name="${name}"`,
      `Content-Transfer-Encoding: ${eightBit ? '8bit' : '7bit'}`,
      `Content-Disposition: inline; filename="${name}"`,
    ],
    message,
  );
}

export interface Multipart {
  /** `mixed`, `alternative`, `signed`, … */
  readonly subtype: string;
  /** Further parameters, ready to stand in the field, e.g. `micalg=sha-256`. */
  readonly parameters?: readonly string[];
  /** Must stand at the beginning of no line of any part: derive it from a hash. */
  readonly boundary: string;
  /** Whole entities. */
  readonly parts: readonly Segments[];
  /** Text before the first part, for readers that know no MIME; ASCII. */
  readonly preamble?: string;
  /** True if any part holds bytes above 127 (RFC 2045 §6.4: the multipart must say so too). */
  readonly eightBit?: boolean;
}

/**
 * A multipart around parts that stay as they are: exactly the bytes given lie between the boundary lines
 * (RFC 2046 §5.1.1). Ends in CRLF.
 *
 * @throws {TypeError} when the boundary is none (RFC 2046 §5.1.1, bchars)
 */
export function buildMultipart(multipart: Multipart): Segments {
  const { subtype, parameters = [], boundary, parts, preamble, eightBit = false } = multipart;
  if (!BOUNDARY.test(boundary)) throw new TypeError(`not a boundary: ${JSON.stringify(boundary)}`);
  const type = [`multipart/${subtype}`, ...parameters].join('; ');
  const body: Segments[] = preamble === undefined ? [] : [[fromLatin1(preamble)]];
  for (const part of parts) {
    // Right after the header's blank line the CRLF of the first delimiter is already there.
    const lineEnd = body.length === 0 ? '' : '\r\n';
    body.push([fromLatin1(`${lineEnd}--${boundary}\r\n`)], part);
  }
  body.push([fromLatin1(`\r\n--${boundary}--\r\n`)]);
  const fields = [`Content-Type: ${type};\r\n boundary="${boundary}"`];
  if (eightBit) fields.push('Content-Transfer-Encoding: 8bit');
  return entity(fields, body.flat());
}

const BOUNDARY = /^[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]$/;

function entity(fields: readonly string[], body: Segments): Segments {
  return [fromLatin1(`${fields.join('\r\n')}\r\n\r\n`), ...body];
}

function checkQuotable(name: string): void {
  if (!isAsciiText(name) || /[\0-\x1f\x7f"\\]/.test(name))
    throw new TypeError(`not a plain file name: ${JSON.stringify(name)}`);
}
