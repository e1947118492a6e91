/**
 * How many octets a message has when each of its lines ends in CRLF, as POP3 sends it (RFC 1939 §11). Mail that came
 * by SMTP is so already; what programs appended may have bare LFs or no line end at the last line. Measured while the
 * bytes pass on their way into the store, and remembered with the list of segments they became.
 */
import { isInline, type Segments } from '../lib/segments.ts';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Told all bytes of a message in pieces of any size. */
export class LineEndMeter {
  #extra = 0;
  #last = -1;

  push(chunk: Uint8Array): void {
    for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, at + 1)) {
      if ((at > 0 ? chunk[at - 1] : this.#last) !== carriageReturn) this.#extra += 1;
    }
    this.#last = chunk.at(-1) ?? this.#last;
  }

  /** Octets that CRLF at each line end adds, the last one included. */
  get extra(): number {
    const ended = this.#last === lineFeed || this.#last === -1;
    return this.#extra + (ended ? 0 : 2);
  }
}

const extras = new WeakMap<Segments, number>();

/** The same chunks, counted into `meter`. */
export async function* measureLineEnds(
  source: AsyncIterable<Uint8Array>,
  meter: LineEndMeter,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    meter.push(chunk);
    yield chunk;
  }
}

export function rememberLineEnds(content: Segments, meter: LineEndMeter): void {
  if (meter.extra > 0) extras.set(content, meter.extra);
}

/** What was measured; bytes that never passed here, like those of a blob of another message, count as well ended. */
export function findLineEnds(content: Segments): number {
  const known = extras.get(content);
  if (known !== undefined) return known;
  if (!content.every(isInline)) return 0;
  const meter = new LineEndMeter();
  for (const segment of content) if (isInline(segment)) meter.push(segment);
  return meter.extra;
}
