/**
 * For the sandbox only: a scanner that knows the EICAR test string and nothing else, and says so in its name. It
 * finds the string in the bytes as they come, across chunks, and in what base64 lines decode to, enclosed
 * messages in base64 included. It protects from nothing.
 */
import { asBuffer } from '../lib/bytes.ts';
import { TransferDecoder } from '../mime/transfer.ts';
import type { ScanVerdict, VirusScanner } from './scanner.ts';

/** In two pieces, so that this file itself is no finding. */
const EICAR = Buffer.from(
  ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-', 'ANTIVIRUS-TEST-FILE!$H+H*'].join(''),
);
const VIRUS_NAME = 'Eicar-Test-Signature';
const DEEPEST = 4;
const LF = 0x0a;
const CR = 0x0d;
const LONGEST_LINE = 1024;
const nothing = Buffer.alloc(0);

const PAD = 0x3d;
const [isDigit, isBlank] = [/[A-Za-z0-9+/]/, /\s/].map((kind) =>
  Array.from({ length: 256 }, (_, octet) => kind.test(String.fromCharCode(octet))),
);

/** Octets of the line that are base64, without the blanks at its end; 0 for any other, mostly seen at its first word. */
function measureBase64(line: Buffer, start: number, lineEnd: number): number {
  let digits = start;
  while (digits < lineEnd && isDigit?.[line[digits] ?? PAD] === true) digits += 1;
  let end = digits;
  while (end < Math.min(digits + 2, lineEnd) && line[end] === PAD) end += 1;
  for (let at = end; at < lineEnd; at += 1) if (isBlank?.[line[at] ?? 0] !== true) return 0;
  return digits - start < 2 ? 0 : end - start;
}

/** Where the lines end after `start` that are `width` octets long and end as the one before `start` does: in CRLF, or in LF. */
function findEqualLines(chunk: Buffer, start: number, width: number): number {
  const hasCr = chunk[start - 2] === CR;
  let end = start;
  for (let lf = start + width - 1; chunk[lf] === LF; lf += width) {
    if (hasCr !== (chunk[lf - 1] === CR)) break;
    end = lf + 1;
  }
  return end;
}

export function createEicarOnlyScanner(): VirusScanner {
  return {
    name: 'EICAR test string only (sandbox; no virus protection)',
    async scan(source: AsyncIterable<Uint8Array>): Promise<ScanVerdict> {
      const search = new EicarSearch(0);
      for await (const chunk of source) {
        search.push(asBuffer(chunk));
        if (search.found) return { infected: true, virus: VIRUS_NAME };
      }
      search.end();
      return search.found ? { infected: true, virus: VIRUS_NAME } : { infected: false };
    },
  };
}

/** The string in a stream of bytes; lines that are base64 are decoded and searched as a stream of their own. */
class EicarSearch {
  readonly #depth: number;
  #tail: Buffer = nothing;
  #line: Buffer = nothing;
  #decoder: TransferDecoder | undefined;
  #inside: EicarSearch | undefined;
  /** Digits of base64 that the decoder holds back: less than a quantum. */
  #digits = 0;
  #found = false;

  constructor(depth: number) {
    this.#depth = depth;
  }

  get found(): boolean {
    return this.#found || (this.#inside?.found ?? false);
  }

  push(chunk: Buffer): void {
    const seam = Buffer.concat([this.#tail, chunk.subarray(0, EICAR.length - 1)]);
    if (seam.includes(EICAR) || chunk.includes(EICAR)) this.#found = true;
    const last = chunk.length < EICAR.length - 1 ? seam : chunk;
    this.#tail = Buffer.from(last.subarray(Math.max(0, last.length - EICAR.length + 1)));
    if (this.#depth < DEEPEST) this.#pushLines(chunk);
  }

  end(): void {
    this.#takeLine(this.#line, 0, this.#line.length);
    this.#endBase64();
  }

  #pushLines(chunk: Buffer): void {
    let start = 0;
    for (let lf = chunk.indexOf(LF); lf !== -1 && !this.found; lf = chunk.indexOf(LF, start)) {
      const begun = this.#line;
      if (begun.length > 0) {
        const line = Buffer.concat([begun, chunk.subarray(start, Math.min(lf, start + LONGEST_LINE))]);
        this.#line = nothing;
        this.#takeLine(line, 0, line.length);
        start = lf + 1;
      } else {
        const digits = this.#takeLine(chunk, start, lf);
        const width = lf + 1 - start;
        start = digits === 0 ? lf + 1 : this.#takeEqualLines(chunk, { start: lf + 1, width, digits });
      }
    }
    // A line longer than any base64 line is kept short: it only has to stay no base64.
    if (this.#line.length < LONGEST_LINE)
      this.#line = Buffer.concat([this.#line, chunk.subarray(start, start + LONGEST_LINE + 1)]);
  }

  /** The octets of base64 in the line, 0 when it is none. */
  #takeLine(chunk: Buffer, start: number, lineEnd: number): number {
    const length = lineEnd - start > LONGEST_LINE ? 0 : measureBase64(chunk, start, lineEnd);
    if (length === 0) {
      this.#endBase64();
      return 0;
    }
    this.#decoder ??= new TransferDecoder('base64');
    this.#inside ??= new EicarSearch(this.#depth + 1);
    this.#inside.push(asBuffer(this.#decoder.push(chunk.subarray(start, start + length))));
    this.#digits = chunk[start + length - 1] === PAD ? 0 : (this.#digits + length) % 4;
    return length;
  }

  /**
   * An attachment is thousands of lines of the same length. Those after one that was base64 are decoded at once where
   * that is surely the same: whole quanta, and as many digits as the lines have room for. Returns where they end.
   */
  #takeEqualLines(chunk: Buffer, last: { start: number; width: number; digits: number }): number {
    const { start, width, digits } = last;
    const full = digits === width - (chunk[start - 2] === CR ? 2 : 1) && digits % 4 === 0;
    if (!full || this.#digits !== 0) return start;
    const end = findEqualLines(chunk, start, width);
    const lines = chunk.subarray(start, end);
    // Node takes the alphabet of RFC 4648 §5 too.
    if (lines.length === 0 || lines.includes(0x2d) || lines.includes(0x5f)) return start;
    const decoded = Buffer.from(lines.toString('latin1'), 'base64');
    if (decoded.length !== ((lines.length / width) * digits * 3) / 4) return start;
    this.#inside?.push(decoded);
    return end;
  }

  #endBase64(): void {
    if (this.#decoder === undefined || this.#inside === undefined) return;
    this.#inside.push(asBuffer(this.#decoder.end()));
    this.#inside.end();
    if (this.#inside.found) this.#found = true;
    this.#decoder = undefined;
    this.#inside = undefined;
    this.#digits = 0;
  }
}
