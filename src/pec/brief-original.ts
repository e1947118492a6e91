import { fromLatin1 } from '../lib/bytes.ts';
import { joinSegments, type Segment, type Segments, sizeOf, sliceSegments } from '../lib/segments.ts';
import { fileNameOf } from '../mime/content-type.ts';
import type { MessagePart } from '../mime/message-part.ts';
import { writeParameter } from './parameter.ts';

/**
 * The original of a brief delivery receipt (ricevuta breve, RFC 6109 §3.3.2.2): its structure is kept, and
 * each file in it is replaced by a text file with the hash of the file's encoded content. In two steps, since
 * this room reads no blob: what is to be hashed, then the new message around the hashes.
 */
export interface BriefPlan {
  /** The byte ranges to hash, ascending, counted from the original's first byte. */
  readonly ranges: readonly BriefRange[];
}

export interface BriefRange {
  /** The encoded content to hash: first byte, and first byte after it. */
  readonly start: number;
  readonly end: number;
  /** Where the part's header begins: all from here to `end` is replaced. */
  readonly headerStart: number;
  /** The new header with its blank line, Latin-1. */
  readonly header: string;
  /** True where a line end has to follow the hash. */
  readonly needsLineEnd: boolean;
}

/** @param tree of the original; its offsets may count from the first byte of what encloses it */
export function planBriefOriginal(tree: MessagePart): BriefPlan {
  // A CMS object cannot be taken apart: such a message stays whole.
  if (isPkcs7Mime(tree)) return { ranges: [] };
  const ranges: BriefRange[] = [];
  for (const part of findFiles(tree)) {
    ranges.push({
      start: part.bodyStart - tree.headerStart,
      end: part.bodyEnd - tree.headerStart,
      headerStart: part.headerStart - tree.headerStart,
      header: writeHeader(part),
      // Inside a multipart a line end follows every body: it belongs to the boundary.
      needsLineEnd: part === tree,
    });
  }
  return { ranges };
}

/**
 * The brief form of the original.
 * @param hashes one a range, lower-case hex
 * @throws {RangeError} when there is not one hash for each range.
 */
export function buildBriefOriginal(
  original: Segments,
  { ranges }: BriefPlan,
  hashes: readonly string[],
): Segments {
  if (hashes.length !== ranges.length) throw new RangeError('a brief original needs one hash for each range');
  const pieces: Segment[] = [];
  let done = 0;
  for (const [index, { headerStart, end, header, needsLineEnd }] of ranges.entries()) {
    pieces.push(...sliceSegments(original, done, headerStart));
    pieces.push(fromLatin1(`${header}${hashes[index]}${needsLineEnd ? '\r\n' : ''}`));
    done = end;
  }
  pieces.push(...sliceSegments(original, done, sizeOf(original)));
  return joinSegments(pieces);
}

/** The parts to replace, in message order. */
function* findFiles(part: MessagePart): Generator<MessagePart, void, undefined> {
  if (part.children.length > 0) {
    // The signature of a signed multipart is no file of the sender's: without it the structure would break.
    const inside = isSigned(part) ? part.children.slice(0, 1) : part.children;
    for (const child of inside) yield* findFiles(child);
  } else if (isFile(part)) yield part;
}

/** An attached message counts as a file whether it has a name or not. */
function isFile(part: MessagePart): boolean {
  // What the scanner did not read to the end cannot be written again.
  if (part.truncated || part.type === 'multipart') return false;
  return isEnclosedMessage(part) || fileNameOf(part) !== undefined;
}

function isEnclosedMessage({ type, subtype }: MessagePart): boolean {
  return type === 'message' && (subtype === 'rfc822' || subtype === 'global');
}

function isSigned({ type, subtype }: MessagePart): boolean {
  return type === 'multipart' && subtype === 'signed';
}

function isPkcs7Mime({ type, subtype }: MessagePart): boolean {
  return type === 'application' && (subtype === 'pkcs7-mime' || subtype === 'x-pkcs7-mime');
}

/** The fields that describe the content that is gone. */
const replacedFields = [
  'content-type',
  'content-transfer-encoding',
  'content-disposition',
  'content-md5',
  'content-length',
];

/** The other fields as they are (of a message without parts they are its whole header), then the file's own. */
function writeHeader(part: MessagePart): string {
  const kept = part.fields
    .filter(([name]) => !replacedFields.includes(name.toLowerCase()))
    .map(([name, value]) => (name === '' ? `${value}\r\n` : `${name}:${value}\r\n`));
  const name = `${fileNameOf(part) || (isEnclosedMessage(part) ? 'messaggio.eml' : 'allegato')}.hash`;
  const disposition = part.disposition?.type === 'inline' ? 'inline' : 'attachment';
  return [
    ...kept,
    `Content-Type: text/plain${writeParameter('name', name)}\r\n`,
    'Content-Transfer-Encoding: 7bit\r\n',
    `Content-Disposition: ${disposition}${writeParameter('filename', name)}\r\n`,
    '\r\n',
  ].join('');
}
