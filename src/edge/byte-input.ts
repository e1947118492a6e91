/**
 * The bytes that came from the client and were not read yet. Pushed in as they arrive, in chunks of any
 * size, and pulled out as lines or counted runs. Holds at most a high-water mark before it asks the source
 * to pause, so a client that pipelines faster than it is served costs bounded memory.
 */
import { concatBytes, latin1 } from '../lib/bytes.ts';

/** The client is gone, or the connection was closed here: nothing more can be read. */
export class InputEnded extends Error {
  constructor() {
    super('The connection has ended');
    this.name = 'InputEnded';
  }
}

/** A line longer than allowed. Its rest was skipped, so the next line can be read. */
export class LineTooLong extends Error {}

/** A line after which nothing can be understood: the connection is not worth keeping. */
export class LineEndless extends Error {}

/** Where the bytes come from; a stream in life, nothing in unit tests. */
export interface PausableSource {
  pause(): void;
  resume(): void;
}

const highWater = 64 * 1024;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

export class ByteInput {
  #chunks: Uint8Array[] = [];
  #size = 0;
  #ended = false;
  #paused = false;
  #wake: (() => void) | undefined;
  #source: PausableSource | undefined;
  readonly #unskippable: RegExp | undefined;

  /** @param unskippable ends of lines that cannot be skipped, because bytes that are no line follow unasked */
  constructor(unskippable?: RegExp) {
    this.#unskippable = unskippable;
  }

  /** Bytes pushed so far. */
  received = 0;

  /** True while someone waits for bytes. */
  get awaited(): boolean {
    return this.#wake !== undefined;
  }

  /** Bytes pushed and not yet read. */
  get size(): number {
    return this.#size;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Names the stream to pause and resume; undefined to let go of it. */
  follow(source: PausableSource | undefined): void {
    this.#source = source;
    this.#paused = false;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0 || this.#ended) return;
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    this.received += chunk.length;
    if (this.#size >= highWater && !this.#paused) {
      this.#paused = true;
      this.#source?.pause();
    }
    this.#notify();
  }

  /** No more bytes will come. What is queued can still be read. */
  end(): void {
    this.#ended = true;
    this.#notify();
  }

  /** Takes out all that is queued. */
  takeAll(): Uint8Array {
    const bytes = concatBytes(this.#chunks);
    this.#chunks = [];
    this.#size = 0;
    this.#relieve();
    return bytes;
  }

  /** Resolves when a byte is there. @throws {InputEnded} when none will come. */
  async ready(): Promise<void> {
    while (this.#size === 0) {
      if (this.#ended) throw new InputEnded();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /**
   * The next line as a byte string, without its line end (CRLF, or a bare LF as people type it).
   * @throws {LineTooLong} when it is longer than `limit`, after skipping it.
   * @throws {LineEndless} when it cannot be skipped, or is longer than sixteen times the limit.
   * @throws {InputEnded}
   */
  async line(limit: number): Promise<string> {
    let line = '';
    let tail = '';
    let length = 0;
    for (let complete = false; !complete; ) {
      await this.ready();
      const taken = this.#takeToLineFeed();
      complete = taken.complete;
      length += taken.bytes.length;
      if (length > limit * 16) throw new LineEndless(`A line of more than ${length} bytes`);
      const text = latin1(taken.bytes);
      if (length <= limit + 2) line += text;
      else tail = (tail + text).slice(-32);
    }
    if (length > limit + 2) throw this.#tooLong(limit, tail);
    return line.slice(0, line.charCodeAt(line.length - 2) === carriageReturn ? -2 : -1);
  }

  /** The next bytes, between 1 and `most`. @throws {InputEnded} */
  async some(most: number): Promise<Uint8Array> {
    await this.ready();
    return this.#take(Math.min(most, (this.#chunks[0] as Uint8Array).length));
  }

  /** The next `length` bytes as they come. */
  async *run(length: number): AsyncGenerator<Uint8Array> {
    for (let left = length; left > 0; ) {
      const bytes = await this.some(left);
      left -= bytes.length;
      yield bytes;
    }
  }

  #tooLong(limit: number, tail: string): Error {
    const text = `A command line is longer than ${limit} bytes`;
    return this.#unskippable?.test(tail) ? new LineEndless(text) : new LineTooLong(text);
  }

  #takeToLineFeed(): { bytes: Uint8Array; complete: boolean } {
    const first = this.#chunks[0] as Uint8Array;
    const at = first.indexOf(lineFeed);
    return { bytes: this.#take(at < 0 ? first.length : at + 1), complete: at >= 0 };
  }

  #take(length: number): Uint8Array {
    const first = this.#chunks[0] as Uint8Array;
    const bytes = first.subarray(0, length);
    if (length === first.length) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(length);
    this.#size -= length;
    this.#relieve();
    return bytes;
  }

  #relieve(): void {
    if (!this.#paused || this.#size >= highWater / 2) return;
    this.#paused = false;
    this.#source?.resume();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
