/**
 * Reads the bytes after DATA: finds the final dot, takes the dots of RFC 5321 §4.5.2 away, and finds what must
 * not be there: a CR without LF, an LF without CR, a NUL (§2.3.8). Two servers that disagree about where such a
 * message ends can be made to see two messages ("SMTP smuggling"), so only CRLF.CRLF ends it, and a message
 * with such a byte is refused whole. The answer does not depend on how the bytes are cut into chunks; each byte
 * is looked at once, and nothing is kept but a state.
 */
import { LowOctets } from '../lib/low-octets.ts';

export type LineFault = 'bare-cr' | 'bare-lf' | 'nul';

export interface ScannedChunk {
  /** So many bytes of content now stand at the front of the chunk; none once a fault was found. */
  readonly content: number;
  /** Index after CRLF.CRLF, or -1 when it has not come yet. */
  readonly end: number;
}

const NUL = 0x00;
const LF = 0x0a;
const CR = 0x0d;
const DOT = 0x2e;
const END_OF_DATA = Buffer.from('\r\n.\r\n');

const AT_LINE_START = 0;
const AFTER_DOT = 1;
const AFTER_DOT_CR = 2;
const IN_LINE = 3;
const AFTER_CR = 4;

export class DataScanner {
  #state = AT_LINE_START;
  #fault: LineFault | undefined;
  /** Once there is a fault: the last bytes seen, enough to find an end that spans chunks. */
  #tail: Buffer = Buffer.alloc(0);

  get fault(): LineFault | undefined {
    return this.#fault;
  }

  /**
   * True when the input so far has a fault and ends in a line with nothing but a dot by some looser reading
   * of lines: a client that writes LF alone now waits for the reply.
   */
  get restsAfterLooseEnd(): boolean {
    return this.#fault !== undefined && /[\r\n]\.[\r\n]{1,2}$/.test(this.#tail.toString('latin1'));
  }

  /** Takes the next chunk and moves its content to its front: the chunk is written over. */
  scan(chunk: Buffer): ScannedChunk {
    if (this.#fault !== undefined) return { content: 0, end: this.#findEnd(chunk) };
    const low = new LowOctets(chunk);
    let state = this.#state;
    let kept = 0;
    /** Where the content begins that follows what is kept. */
    let from = 0;
    // Content only ever moves towards the front, so what is still to be read stays as it was.
    const keepUpTo = (end: number) => {
      if (kept !== from) chunk.copyWithin(kept, from, end);
      kept += end - from;
    };
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] as number;
      if (byte === LF) {
        // What stands before the dot is kept since the dot was seen.
        if (state === AFTER_DOT_CR) return { content: kept, end: i + 1 };
        if (state !== AFTER_CR) return this.#refuse(chunk, i, state === AFTER_DOT);
        state = AT_LINE_START;
      } else if (state === AFTER_CR || state === AFTER_DOT_CR || byte === NUL) {
        return this.#refuse(chunk, i, state === AFTER_DOT_CR);
      } else if (byte === CR) {
        state = state === AFTER_DOT ? AFTER_DOT_CR : AFTER_CR;
        if (state === AFTER_DOT_CR) from = i + 1;
      } else if (byte === DOT && state === AT_LINE_START) {
        // Either the final dot or one that the client put in: not content in any case.
        state = AFTER_DOT;
        keepUpTo(i);
        from = i + 1;
      } else {
        // Nearly all bytes are inside lines and above CR: they go along together.
        state = IN_LINE;
        i = low.find(i + 1) - 1;
      }
    }
    keepUpTo(chunk.length);
    this.#state = state;
    return { content: kept, end: -1 };
  }

  /** The byte at `i` must not be there; from now on only the end of the data is looked for. */
  #refuse(chunk: Buffer, i: number, afterDot: boolean): ScannedChunk {
    const byte = chunk[i];
    this.#fault = byte === NUL ? 'nul' : byte === LF ? 'bare-lf' : 'bare-cr';
    // No proper end of data can have begun before this byte: it does not fit into CRLF.CRLF.
    this.#tail = Buffer.concat([Buffer.from(afterDot ? '\n.' : ''), chunk.subarray(i, i + 1)]);
    return { content: 0, end: this.#endAfter(chunk, i + 1) };
  }

  #endAfter(chunk: Buffer, start: number): number {
    const end = this.#findEnd(chunk.subarray(start));
    return end === -1 ? -1 : start + end;
  }

  #findEnd(chunk: Buffer): number {
    const joint = Buffer.concat([this.#tail, chunk]);
    const found = joint.indexOf(END_OF_DATA);
    if (found !== -1) return found + END_OF_DATA.length - this.#tail.length;
    this.#tail = joint.subarray(Math.max(0, joint.length - END_OF_DATA.length + 1));
    return -1;
  }
}
