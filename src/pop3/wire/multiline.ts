/**
 * A message as a multi-line answer (RFC 1939 §3): CRLF at each line end, a dot before each line that begins with one,
 * and at the end a line with a dot alone. Bytes pass in pieces of any size; what needs no change is not copied.
 */
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const dot = 0x2e;
const dotBytes = Buffer.from('.');
const carriageReturnBytes = Buffer.from('\r');
const lineEnd = Buffer.from('\r\n');

export class DotStuffer {
  #atLineStart = true;
  #afterReturn = false;

  /** The bytes to send for `chunk`, in order. */
  *push(chunk: Uint8Array): Generator<Uint8Array> {
    let sent = 0;
    let start = 0;
    while (start < chunk.length) {
      if (this.#atLineStart && chunk[start] === dot) {
        if (start > sent) yield chunk.subarray(sent, start);
        yield dotBytes;
        sent = start;
      }
      const end = chunk.indexOf(lineFeed, start);
      this.#atLineStart = end >= 0;
      if (end < 0) break;
      const returned = end > 0 ? chunk[end - 1] === carriageReturn : this.#afterReturn;
      if (!returned) {
        if (end > sent) yield chunk.subarray(sent, end);
        yield carriageReturnBytes;
        sent = end;
      }
      start = end + 1;
    }
    if (chunk.length > sent) yield chunk.subarray(sent);
    if (chunk.length > 0) this.#afterReturn = chunk.at(-1) === carriageReturn;
  }

  /** The end of the answer, after the last line's end. */
  *end(): Generator<Uint8Array> {
    if (!this.#atLineStart) yield lineEnd;
    yield dotBytes;
    yield lineEnd;
  }
}

/** Passes the header, the empty line and `lines` lines of the body (TOP, RFC 1939 §7). */
export async function* takeTop(source: AsyncIterable<Uint8Array>, lines: number): AsyncGenerator<Uint8Array> {
  let left = lines;
  let inHeader = true;
  /** Bytes of the line so far, and the first of them. */
  let lineLength = 0;
  let firstByte: number | undefined;
  for await (const chunk of source) {
    let start = 0;
    while (inHeader || left > 0) {
      const end = chunk.indexOf(lineFeed, start);
      if (lineLength === 0) firstByte = chunk[start];
      lineLength += (end < 0 ? chunk.length : end) - start;
      if (end < 0) break;
      const isEmpty = lineLength === 0 || (lineLength === 1 && firstByte === carriageReturn);
      if (inHeader) inHeader = !isEmpty;
      else left -= 1;
      lineLength = 0;
      start = end + 1;
    }
    if (inHeader || left > 0) yield chunk;
    else {
      yield chunk.subarray(0, start);
      return;
    }
  }
}
