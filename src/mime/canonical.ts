/**
 * Line discipline of a message on its way in (RFC 5321 §2.3.8): CR and LF only together. A bare one is where
 * two servers disagree about where a line, or a whole message, ends. Memory is constant.
 */
import { isAscii } from 'node:buffer';
import { asBuffer } from '../lib/bytes.ts';

export interface LineProblem {
  readonly kind: 'bare-cr' | 'bare-lf' | 'nul';
  /** Offset of the byte, from the first byte pushed. */
  readonly offset: number;
}

const CR = 0x0d;
const LF = 0x0a;

/** Looks at every chunk of a message; the answer does not depend on how it is cut. */
export class LineGate {
  #problem: LineProblem | undefined;
  #firstNul = -1;
  #offset = 0;
  #eightBit = false;
  #lastWasCr = false;
  #lineStart = 0;
  #longestLine = 0;

  /** The bare CR, bare LF or NUL that comes first, as far as is known; settled after `end`. */
  get problem(): LineProblem | undefined {
    const nul = this.#firstNul;
    if (nul >= 0 && (this.#problem === undefined || nul < this.#problem.offset))
      return { kind: 'nul', offset: nul };
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
    if (!this.#eightBit && !isAscii(buffer)) this.#eightBit = true;
    if (this.#firstNul < 0) {
      const nul = buffer.indexOf(0);
      if (nul >= 0) this.#firstNul = this.#offset + nul;
    }
    this.#scanLines(buffer);
    if (buffer.length > 0) this.#lastWasCr = buffer[buffer.length - 1] === CR;
    this.#offset += buffer.length;
    return this.problem;
  }

  /** No more bytes: a CR at the very end is a bare one. */
  end(): LineProblem | undefined {
    if (this.#lastWasCr) this.#note('bare-cr', this.#offset - 1);
    const rest = this.#offset - this.#lineStart;
    if (rest > this.#longestLine) this.#longestLine = rest;
    return this.problem;
  }

  #scanLines(buffer: Buffer): void {
    const base = this.#offset;
    if (this.#lastWasCr && buffer.length > 0 && buffer[0] !== LF) this.#note('bare-cr', base - 1);
    let at = 0;
    while (at < buffer.length) {
      const lf = buffer.indexOf(LF, at);
      const end = lf === -1 ? buffer.length : lf;
      const hasCr = end > 0 ? buffer[end - 1] === CR : this.#lastWasCr;
      if (this.#problem === undefined) {
        // A CR as the chunk's last byte is judged with the next chunk.
        const cr = buffer.indexOf(CR, at);
        if (cr >= 0 && cr < end - 1) this.#note('bare-cr', base + cr);
        else if (lf >= 0 && !hasCr) this.#note('bare-lf', base + lf);
      }
      if (lf === -1) break;
      const length = base + lf - this.#lineStart - (hasCr ? 1 : 0);
      if (length > this.#longestLine) this.#longestLine = length;
      this.#lineStart = base + lf + 1;
      at = lf + 1;
    }
  }

  #note(kind: LineProblem['kind'], offset: number): void {
    if (this.#problem === undefined) this.#problem = { kind, offset };
  }
}
