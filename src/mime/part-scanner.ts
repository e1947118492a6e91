/**
 * The part tree of a message in one pass over its bytes, chunk by chunk (RFC 2046 §5.1). The result depends
 * on the bytes alone, never on how they are cut; memory and depth are bounded whatever the message is; the
 * time is linear. Nothing is decoded and no input makes it throw.
 *
 * What counts as a boundary line: `--`, the boundary, `--` once more at the end of a multipart, then blanks
 * only. A longer line that merely begins like one is none, so a boundary that is the beginning of another
 * does no harm. A boundary of an outer multipart also ends all inner ones.
 */
import { asBuffer } from '../lib/bytes.ts';
import { findByte, NEAR } from './line-search.ts';
import type { MessagePart } from './message-part.ts';
import { PartTree, type TextLine } from './part-tree.ts';
import { defaultScanLimits, type ScanLimits } from './scan-limits.ts';

const LF = 0x0a;
const CR = 0x0d;
const HYPHEN = 0x2d;

/** A longer line, line end counted, is never a boundary: mail allows 998 characters (RFC 5322 §2.1.1). */
const LONGEST_CANDIDATE = 2048;

/** Push every byte of one message in order, then take the tree from `end`. */
export class PartScanner {
  readonly #tree: PartTree;
  /** Bytes pushed before the current chunk. */
  #offset = 0;
  #lineStart = 0;
  /** Line ends before the current line. */
  #lines = 0;
  #previousStart = 0;
  /** Length of the line end before the current line: 0 only on the first. */
  #previousEnding = 0;
  /** The beginning of a line that matters and is not complete. */
  readonly #held = Buffer.allocUnsafe(LONGEST_CANDIDATE);
  #heldSize = 0;
  /** What the incomplete current line may still turn out to be. */
  #pending: 'anything' | 'header-text' | 'body-text' = 'anything';
  #lastByte = -1;

  constructor(limits: Partial<ScanLimits> = {}) {
    this.#tree = new PartTree({ ...defaultScanLimits, ...limits });
  }

  /** Takes the next bytes; they are copied where they must be kept, so the caller may reuse them. */
  push(chunk: Uint8Array): void {
    const buffer = asBuffer(chunk);
    if (buffer.length === 0) return;
    let at = this.#lineStart < this.#offset ? this.#continueLine(buffer) : 0;
    while (at < buffer.length)
      at = this.#tree.inHeader ? this.#takeLine(buffer, at) : this.#skipLines(buffer, at);
    this.#offset += buffer.length;
    this.#lastByte = buffer[buffer.length - 1] ?? -1;
  }

  /** No more bytes: closes whatever is open. Call it once, and `push` no more. */
  end(): MessagePart {
    if (this.#lineStart < this.#offset && this.#pending === 'anything')
      this.#tree.takeLine(this.#held.subarray(0, this.#heldSize), this.#line());
    const unfinished = this.#lineStart < this.#offset;
    return this.#tree.finish({ end: this.#offset, lineEnds: this.#lines, unfinished });
  }

  #line(): TextLine {
    return {
      start: this.#lineStart,
      lineEnds: this.#lines,
      previousStart: this.#previousStart,
      previousEnding: this.#previousEnding,
    };
  }

  /** One line that begins at `at`, in a header or a possible boundary; returns where to go on. */
  #takeLine(buffer: Buffer, at: number): number {
    const lf = buffer.indexOf(LF, at);
    if (lf === -1) {
      this.#hold(buffer.subarray(at));
      return buffer.length;
    }
    const line = buffer.subarray(at, lf + 1);
    if (line.length <= LONGEST_CANDIDATE) this.#tree.takeLine(line, this.#line());
    else if (this.#tree.inHeader) this.#tree.addHeaderText(line);
    this.#advance(lf + 1, lf > at && buffer[lf - 1] === CR ? 2 : 1);
    return lf + 1;
  }

  /** Body lines up to one that may be a boundary, or to the end of the chunk. The hot loop. */
  #skipLines(buffer: Buffer, from: number): number {
    const length = buffer.length;
    const watch = this.#tree.hasBoundaries;
    let at = from;
    let previous = -1;
    let lines = 0;
    let width = NEAR;
    for (;;) {
      if (watch && buffer[at] === HYPHEN && (at + 1 >= length || buffer[at + 1] === HYPHEN)) break;
      const lf = findByte(buffer, LF, at, width);
      if (lf === -1) break;
      lines++;
      width = lf - at;
      previous = at;
      at = lf + 1;
      if (at >= length) break;
    }
    if (previous >= 0) {
      this.#lines += lines - 1;
      this.#lineStart = this.#offset + previous;
      this.#advance(at, at - 2 >= previous && buffer[at - 2] === CR ? 2 : 1);
    }
    if (at >= length) return length;
    if (watch && buffer[at] === HYPHEN && (at + 1 >= length || buffer[at + 1] === HYPHEN))
      return this.#takeLine(buffer, at);
    this.#pending = 'body-text';
    return length;
  }

  /** Goes on with a line begun in an earlier chunk; returns where the next line begins. */
  #continueLine(buffer: Buffer): number {
    const lf = buffer.indexOf(LF);
    const rest = lf === -1 ? buffer : buffer.subarray(0, lf + 1);
    if (this.#pending === 'anything') this.#hold(rest);
    else if (this.#pending === 'header-text') this.#tree.addHeaderText(rest);
    if (lf === -1) return buffer.length;
    if (this.#pending === 'anything')
      this.#tree.takeLine(this.#held.subarray(0, this.#heldSize), this.#line());
    const before = lf > 0 ? buffer[lf - 1] : this.#lastByte;
    this.#advance(lf + 1, before === CR ? 2 : 1);
    return lf + 1;
  }

  /** Keeps bytes of a line that is not complete, until it is too long to be a boundary or a blank line. */
  #hold(bytes: Buffer): void {
    if (this.#heldSize + bytes.length <= LONGEST_CANDIDATE) {
      this.#heldSize += bytes.copy(this.#held, this.#heldSize);
      // A body line's second byte settles whether it can be a boundary.
      const isBoundary = this.#held[0] === HYPHEN && (this.#heldSize < 2 || this.#held[1] === HYPHEN);
      if (!this.#tree.inHeader && !isBoundary) this.#pending = 'body-text';
      return;
    }
    this.#pending = this.#tree.inHeader ? 'header-text' : 'body-text';
    if (!this.#tree.inHeader) return;
    this.#tree.addHeaderText(this.#held.subarray(0, this.#heldSize));
    this.#tree.addHeaderText(bytes);
  }

  /** The current line is over; the next begins at `next` in the chunk. */
  #advance(next: number, ending: number): void {
    this.#previousStart = this.#lineStart;
    this.#previousEnding = ending;
    this.#lineStart = this.#offset + next;
    this.#lines++;
    this.#heldSize = 0;
    this.#pending = 'anything';
  }
}

/** The part tree of a message held in memory. */
export function scanMessage(bytes: Uint8Array, limits?: Partial<ScanLimits>): MessagePart {
  const scanner = new PartScanner(limits);
  scanner.push(bytes);
  return scanner.end();
}
