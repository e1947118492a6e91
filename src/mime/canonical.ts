/**
 * Line discipline of a message on its way in (RFC 5321 §2.3.8): CR and LF only together. A bare one is where
 * two servers disagree about where a line, or a whole message, ends. Memory is constant.
 */
import { isAscii } from 'node:buffer';

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
    if (!this.#eightBit && !isAscii(chunk)) this.#eightBit = true;
    const base = this.#offset;
    let afterCr = this.#afterCr;
    // One plain loop over all bytes: native searches are faster on long lines, but short lines make them
    // many times slower, and the sender chooses the lines.
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] ?? 0;
      if (byte > CR && !afterCr) continue;
      if (byte === LF) this.#endLine(base + i, afterCr);
      else if (afterCr) this.#note('bare-cr', base + i - 1);
      if (byte === NUL) this.#note('nul', base + i);
      afterCr = byte === CR;
    }
    this.#afterCr = afterCr;
    this.#offset += chunk.length;
    return this.#problem;
  }

  /** No more bytes: a CR at the very end is a bare one, and the last line may lack its line end. */
  end(): LineProblem | undefined {
    if (this.#afterCr) this.#note('bare-cr', this.#offset - 1);
    this.#longestLine = Math.max(this.#longestLine, this.#offset - this.#lineStart);
    return this.#problem;
  }

  #endLine(lf: number, afterCr: boolean): void {
    if (!afterCr) this.#note('bare-lf', lf);
    const length = lf - this.#lineStart - (afterCr ? 1 : 0);
    if (length > this.#longestLine) this.#longestLine = length;
    this.#lineStart = lf + 1;
  }

  #note(kind: LineProblem['kind'], offset: number): void {
    if (this.#problem === undefined) this.#problem = { kind, offset };
  }
}
