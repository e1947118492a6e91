/**
 * Line discipline of a message on its way in (RFC 5321 §2.3.8): CR and LF only together. A bare one is where
 * two servers disagree about where a line, or a whole message, ends. Memory is constant.
 */
import { isAscii } from 'node:buffer';
import { asBuffer } from '../lib/bytes.ts';
import { findByte, NEAR } from './line-search.ts';

export interface LineProblem {
  readonly kind: 'bare-cr' | 'bare-lf' | 'nul';
  /** Offset of the byte, from the first byte pushed. */
  readonly offset: number;
}

const NUL = 0x00;
const LF = 0x0a;
const CR = 0x0d;

/** Looks at every chunk of a message; the answer does not depend on how it is cut. */
export class LineGate {
  #problem: LineProblem | undefined;
  /** Bytes pushed before the current chunk. */
  #offset = 0;
  #eightBit = false;
  #afterCr = false;
  #lineStart = 0;
  #longestLine = 0;

  /** The bare CR, bare LF or NUL that comes first. A CR at the very end is known only after `end`. */
  get problem(): LineProblem | undefined {
    return this.#problem;
  }

  /** True once a byte above 127 was seen. */
  get eightBit(): boolean {
    return this.#eightBit;
  }

  /** Length in bytes of the longest line so far, its line end not counted (RFC 5322 §2.1.1: at most 998). */
  get longestLine(): number {
    return this.#longestLine;
  }

  /** Bytes pushed so far. */
  get size(): number {
    return this.#offset;
  }

  /** Takes the next chunk; returns the first problem so far. */
  push(chunk: Uint8Array): LineProblem | undefined {
    const buffer = asBuffer(chunk);
    if (buffer.length === 0) return this.#problem;
    if (!this.#eightBit && !isAscii(buffer)) this.#eightBit = true;
    const nul = this.#problem === undefined ? buffer.indexOf(NUL) : -1;
    if (this.#afterCr && buffer[0] !== LF) this.#note('bare-cr', this.#offset - 1);
    this.#scanLines(buffer);
    if (nul >= 0) this.#note('nul', this.#offset + nul);
    this.#afterCr = buffer[buffer.length - 1] === CR;
    this.#offset += buffer.length;
    return this.#problem;
  }

  /** No more bytes: a CR at the very end is a bare one, and the last line may lack its line end. */
  end(): LineProblem | undefined {
    if (this.#afterCr) this.#note('bare-cr', this.#offset - 1);
    this.#longestLine = Math.max(this.#longestLine, this.#offset - this.#lineStart);
    return this.#problem;
  }

  #scanLines(buffer: Buffer): void {
    let width = NEAR;
    for (let at = 0; at < buffer.length; ) {
      const lf = findByte(buffer, LF, at, width);
      const end = lf === -1 ? buffer.length : lf;
      const afterCr = end > 0 ? buffer[end - 1] === CR : this.#afterCr;
      if (this.#problem === undefined) {
        // A CR just before the LF is as it should be; one at the end of the chunk is judged with the next.
        const cr = findByte(buffer, CR, at, width);
        if (cr >= 0 && cr < end - 1) this.#note('bare-cr', this.#offset + cr);
        else if (lf >= 0 && !afterCr) this.#note('bare-lf', this.#offset + lf);
      }
      if (lf === -1) return;
      this.#endLine(this.#offset + lf, afterCr);
      width = lf - at;
      at = lf + 1;
    }
  }

  #endLine(lf: number, afterCr: boolean): void {
    const length = lf - this.#lineStart - (afterCr ? 1 : 0);
    if (length > this.#longestLine) this.#longestLine = length;
    this.#lineStart = lf + 1;
  }

  /** Keeps the problem that comes first in the message. */
  #note(kind: LineProblem['kind'], offset: number): void {
    if (this.#problem === undefined || offset < this.#problem.offset) this.#problem = { kind, offset };
  }
}
