/**
 * The growing part tree behind {@link PartScanner}: which parts are open, which boundaries would end them,
 * and where each begins and ends. It sees only lines that may matter; offsets come with them.
 */
import { latin1, trimWhiteEnd } from '../lib/bytes.ts';
import { decodeRawText } from './charset.ts';
import { parseContentDisposition, parseContentType, parseTransferEncoding } from './content-type.ts';
import { parseHeaderBlock } from './header.ts';
import type { MessagePart } from './message-part.ts';
import type { ScanLimits } from './scan-limits.ts';

/** Where a line stands in the message. */
export interface TextLine {
  /** Offset of its first byte. */
  readonly start: number;
  /** Line ends before it. */
  readonly lineEnds: number;
  readonly previousStart: number;
  /** Length of the line end before it: 2 for CRLF, 1 for LF, 0 on the first line. */
  readonly previousEnding: number;
}

/** Where bodies end: at `end`, after `lineEnds` line ends, the last line perhaps without its own. */
interface Ending {
  readonly end: number;
  readonly lineEnds: number;
  readonly unfinished: boolean;
}

const HYPHEN = 0x2d;

type DefaultType = readonly [type: string, subtype: string];

const TEXT: DefaultType = ['text', 'plain'];
const ENCLOSED: DefaultType = ['message', 'rfc822'];

/** Bodies in these do not show their parts; every other encoding, also an unknown one, is taken as none. */
const OPAQUE = new Set([
  'base64',
  'quoted-printable',
  'x-uuencode',
  'uuencode',
  'x-uue',
  'uue',
  'binhex',
  'x-gzip64',
]);

/** The message, its parts, and theirs: where the parts of certified mail and their signature stand. */
const outerLevel = 2;

/**
 * What parts at this level may use of what all parts have together. A hundredth is kept for the outermost, so that
 * whatever an enclosed message holds, what stands after it is seen: the signature above all.
 */
function shareOf(limit: number, level: number): number {
  return level <= outerLevel ? limit : limit - Math.floor(limit / 100);
}

/** A part that is still open. */
interface OpenPart {
  readonly headerStart: number;
  readonly defaultType: DefaultType;
  state: 'header' | 'body';
  bodyStart: number;
  /** Line ends before the body. */
  lineEndsBefore: number;
  head: PartHead | undefined;
  boundary: string | undefined;
  readonly children: MessagePart[];
  message: MessagePart | undefined;
  truncated: boolean;
}

type PartHead = Pick<
  MessagePart,
  'fields' | 'type' | 'subtype' | 'parameters' | 'transferEncoding' | 'disposition'
>;

export class PartTree {
  readonly #limits: ScanLimits;
  /** The open parts, outermost first; each lies in the one before. */
  readonly #open: OpenPart[] = [];
  /** For each boundary the open multiparts that wait for it, by place in `#open`, innermost last. */
  readonly #boundaries = new Map<string, number[]>();
  #header = Buffer.allocUnsafe(4096);
  #headerSize = 0;
  #headerRoom = 0;
  #headerCut = false;
  #totalHeaderBytes = 0;
  #totalFields = 0;
  #parts = 0;

  constructor(limits: ScanLimits) {
    this.#limits = limits;
    this.#openPart(0, TEXT);
  }

  /** True while the innermost open part has not seen its blank line. */
  get inHeader(): boolean {
    return this.#open[this.#open.length - 1]?.state === 'header';
  }

  /** True while any boundary line could mean something. */
  get hasBoundaries(): boolean {
    return this.#boundaries.size > 0;
  }

  /** A whole line with its line end: any line of a header, or one of a body that begins with `--`. */
  takeLine(line: Buffer, at: TextLine): void {
    const boundary = this.#findBoundary(line);
    if (boundary !== undefined) this.#takeBoundary(boundary, line, at);
    else if (!this.inHeader) return;
    else if (isBlank(line)) this.#endHeader(at.start + line.length, at.lineEnds + 1);
    else this.addHeaderText(line);
  }

  /** Header bytes that are neither a blank line nor a boundary; those over the limit are left out. */
  addHeaderText(bytes: Buffer): void {
    const kept = Math.min(bytes.length, this.#headerRoom - this.#headerSize);
    if (kept < bytes.length) this.#headerCut = true;
    if (this.#headerSize + kept > this.#header.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#header.length * 2, this.#headerSize + kept));
      this.#header.copy(grown, 0, 0, this.#headerSize);
      this.#header = grown;
    }
    bytes.copy(this.#header, this.#headerSize, 0, kept);
    this.#headerSize += kept;
  }

  /** Closes all parts and gives the whole message. */
  finish(ending: Ending): MessagePart {
    for (;;) {
      const part = this.#closeInnermost(ending);
      if (this.#open.length === 0) return part;
    }
  }

  #openPart(headerStart: number, defaultType: DefaultType): void {
    this.#parts++;
    this.#open.push({
      headerStart,
      defaultType,
      state: 'header',
      bodyStart: headerStart,
      lineEndsBefore: 0,
      head: undefined,
      boundary: undefined,
      children: [],
      message: undefined,
      truncated: false,
    });
    this.#headerSize = 0;
    this.#headerCut = false;
    const { headerBytes, totalHeaderBytes } = this.#limits;
    const room = shareOf(totalHeaderBytes, this.#open.length - 1) - this.#totalHeaderBytes;
    this.#headerRoom = Math.max(Math.min(headerBytes, room), 0);
  }

  #findBoundary(line: Buffer): { level: number; closes: boolean } | undefined {
    if (this.#boundaries.size === 0 || line[0] !== HYPHEN || line[1] !== HYPHEN) return undefined;
    // RFC 2046 §5.1.1: blanks may follow, the transport's padding.
    const text = decodeRawText(trimWhiteEnd(latin1(line, 2)));
    const level = this.#boundaries.get(text)?.at(-1);
    if (level !== undefined) return { level, closes: false };
    if (!text.endsWith('--')) return undefined;
    const closed = this.#boundaries.get(text.slice(0, -2))?.at(-1);
    return closed === undefined ? undefined : { level: closed, closes: true };
  }

  #takeBoundary(found: { level: number; closes: boolean }, line: Buffer, at: TextLine): void {
    const end = at.start - at.previousEnding;
    const lineEnds = at.lineEnds - (at.previousEnding > 0 ? 1 : 0);
    while (this.#open.length > found.level + 1)
      this.#closeInnermost({ end, lineEnds, unfinished: at.previousStart < end });
    const multipart = this.#open[found.level];
    if (multipart === undefined) return;
    if (found.closes) this.#forgetBoundary(multipart);
    else if (this.#parts >= shareOf(this.#limits.parts, found.level + 1)) multipart.truncated = true;
    else this.#openPart(at.start + line.length, multipart.head?.subtype === 'digest' ? ENCLOSED : TEXT);
  }

  #endHeader(bodyStart: number, lineEnds: number): void {
    const part = this.#open[this.#open.length - 1];
    if (part === undefined) return;
    this.#readHead(part, this.#headerSize);
    part.state = 'body';
    part.bodyStart = bodyStart;
    part.lineEndsBefore = lineEnds;
    if (part.head === undefined || part.truncated) return;
    const boundary = boundaryOf(part.head);
    const encloses = enclosesMessage(part.head);
    if (boundary === undefined && !encloses) return;
    const { depth, parts, boundaryLength } = this.#limits;
    const full = this.#open.length >= depth || (encloses && this.#parts >= shareOf(parts, this.#open.length));
    if (full || (boundary?.length ?? 0) > boundaryLength) part.truncated = true;
    else if (boundary !== undefined) this.#awaitBoundary(part, boundary);
    else this.#openPart(bodyStart, TEXT);
  }

  #awaitBoundary(part: OpenPart, boundary: string): void {
    part.boundary = boundary;
    const levels = this.#boundaries.get(boundary) ?? [];
    levels.push(this.#open.length - 1);
    this.#boundaries.set(boundary, levels);
  }

  #forgetBoundary(part: OpenPart): void {
    if (part.boundary === undefined) return;
    const levels = this.#boundaries.get(part.boundary);
    levels?.pop();
    if (levels?.length === 0) this.#boundaries.delete(part.boundary);
    part.boundary = undefined;
  }

  #readHead(part: OpenPart, size: number): void {
    const { fields, totalFields } = this.#limits;
    const block = parseHeaderBlock(this.#header.subarray(0, size));
    const share = shareOf(totalFields, this.#open.indexOf(part));
    const room = Math.max(Math.min(fields, share - this.#totalFields), 0);
    part.truncated = this.#headerCut || block.fields.length > room;
    const kept = block.fields.slice(0, room).map((field) => [field.name, field.value] as const);
    this.#totalFields += kept.length;
    this.#totalHeaderBytes += size;
    part.head = readPartHead(kept, part.defaultType);
  }

  #closeInnermost(ending: Ending): MessagePart {
    const part = this.#open[this.#open.length - 1] as OpenPart;
    if (part.state === 'header')
      this.#readHead(part, Math.min(this.#headerSize, Math.max(ending.end - part.headerStart, 0)));
    this.#forgetBoundary(part);
    this.#open.pop();
    const closed = closePart(part, ending);
    const parent = this.#open[this.#open.length - 1];
    if (parent !== undefined && enclosesMessage(parent.head)) parent.message = closed;
    else parent?.children.push(closed);
    return closed;
  }
}

/**
 * The line end before a boundary belongs to the boundary (RFC 2046 §5.1.1), even where it is the blank line or the
 * end of the last field: nothing of a part lies beyond its end, so parts always lie within the part around them.
 */
function closePart(part: OpenPart, { end, lineEnds, unfinished }: Ending): MessagePart {
  const headerStart = Math.min(part.headerStart, end);
  const bodyStart = part.state === 'header' ? end : Math.min(part.bodyStart, end);
  const lines = end === bodyStart ? 0 : lineEnds - part.lineEndsBefore + (unfinished ? 1 : 0);
  const head = part.head ?? readPartHead([], part.defaultType);
  const { fields, type, subtype, parameters, transferEncoding, disposition } = head;
  const { children, truncated } = part;
  const place = { headerStart, bodyStart, bodyEnd: end, lines };
  const message = part.message ?? (part.state === 'header' ? emptyMessage(part, end) : undefined);
  const content = { type, subtype, parameters, transferEncoding, disposition };
  return { ...place, fields, ...content, children, message, truncated };
}

/** A message/rfc822 that is over before its blank line still encloses a message, an empty one. */
function emptyMessage(part: OpenPart, at: number): MessagePart | undefined {
  if (part.truncated || !enclosesMessage(part.head)) return undefined;
  const place = { headerStart: at, bodyStart: at, bodyEnd: at, lines: 0 };
  return { ...place, ...readPartHead([], TEXT), children: [], message: undefined, truncated: false };
}

function readPartHead(fields: MessagePart['fields'], defaultType: DefaultType): PartHead {
  const rawValue = (name: string) => fields.find(([written]) => written.toLowerCase() === name)?.[1];
  const given = rawValue('content-type');
  const contentType = given === undefined ? undefined : parseContentType(given);
  // RFC 2045 §5.2: a broken Content-Type counts as plain text; RFC 2046 §5.1.5: a missing one in a digest.
  const [type, subtype] = given === undefined ? defaultType : TEXT;
  const disposition = rawValue('content-disposition');
  return {
    fields,
    type: contentType?.type ?? type,
    subtype: contentType?.subtype ?? subtype,
    parameters: contentType?.parameters ?? {},
    transferEncoding: parseTransferEncoding(rawValue('content-transfer-encoding')),
    disposition: disposition === undefined ? undefined : parseContentDisposition(disposition),
  };
}

function boundaryOf(head: PartHead): string | undefined {
  if (head.type !== 'multipart') return undefined;
  // RFC 2046 §5.1.1: a boundary never ends in a blank; on a boundary line blanks there are padding.
  const boundary = trimWhiteEnd(head.parameters.boundary ?? '');
  return boundary === '' ? undefined : boundary;
}

function enclosesMessage(head: PartHead | undefined): boolean {
  if (head?.type !== 'message' || OPAQUE.has(head.transferEncoding)) return false;
  return head.subtype === 'rfc822' || head.subtype === 'global';
}

function isBlank(line: Buffer): boolean {
  return line[0] === 0x0a || (line[0] === 0x0d && line[1] === 0x0a);
}
