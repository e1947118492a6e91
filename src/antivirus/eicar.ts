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
const LONGEST_LINE = 1024;
const nothing = Buffer.alloc(0);

const PAD = 0x3d;
const [isDigit, isBlank] = [/[A-Za-z0-9+/]/, /\s/].map((kind) =>
  Array.from({ length: 256 }, (_, octet) => kind.test(String.fromCharCode(octet))),
);

/** Octets of a line that is base64, without the blanks at its end; 0 for any other, mostly seen at its first word. */
function measureBase64(line: Buffer): number {
  let digits = 0;
  while (isDigit?.[line[digits] ?? PAD] === true) digits += 1;
  let end = digits;
  while (end < digits + 2 && line[end] === PAD) end += 1;
  for (let at = end; at < line.length; at += 1) if (isBlank?.[line[at] ?? 0] !== true) return 0;
  return digits < 2 ? 0 : end;
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
  #found = false;

  constructor(depth: number) {
    this.#depth = depth;
  }

  get found(): boolean {
    return this.#found || (this.#inside?.found ?? false);
  }

  push(chunk: Buffer): void {
    const joint = Buffer.concat([this.#tail, chunk]);
    if (joint.includes(EICAR)) this.#found = true;
    this.#tail = Buffer.from(joint.subarray(Math.max(0, joint.length - EICAR.length + 1)));
    if (this.#depth < DEEPEST) this.#pushLines(chunk);
  }

  end(): void {
    this.#takeLine(this.#line);
    this.#endBase64();
  }

  #pushLines(chunk: Buffer): void {
    let start = 0;
    for (let lf = chunk.indexOf(LF); lf !== -1 && !this.found; lf = chunk.indexOf(LF, start)) {
      const rest = chunk.subarray(start, lf);
      this.#takeLine(this.#line.length === 0 ? rest : Buffer.concat([this.#line, rest]));
      this.#line = nothing;
      start = lf + 1;
    }
    // A line longer than any base64 line is kept short: it only has to stay no base64.
    if (this.#line.length < LONGEST_LINE) this.#line = Buffer.concat([this.#line, chunk.subarray(start)]);
  }

  #takeLine(line: Buffer): void {
    const length = line.length > LONGEST_LINE ? 0 : measureBase64(line);
    if (length === 0) {
      this.#endBase64();
      return;
    }
    this.#decoder ??= new TransferDecoder('base64');
    this.#inside ??= new EicarSearch(this.#depth + 1);
    this.#inside.push(asBuffer(this.#decoder.push(line.subarray(0, length))));
  }

  #endBase64(): void {
    if (this.#decoder === undefined || this.#inside === undefined) return;
    this.#inside.push(asBuffer(this.#decoder.end()));
    this.#inside.end();
    if (this.#inside.found) this.#found = true;
    this.#decoder = undefined;
    this.#inside = undefined;
  }
}
