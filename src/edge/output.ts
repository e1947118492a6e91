/**
 * What goes to the client. Small pieces are gathered and leave as one write; large ones pass through.
 * Whoever writes much asks `full` and awaits `drained()`: a slow reader then stops its own session and
 * nobody else's, and costs no more than the high-water mark.
 */

/** The stream underneath: a socket, its TLS layer, or a compressor in front of it. */
export interface OutputSink {
  write(bytes: Uint8Array, taken: () => void): boolean;
  once(event: 'drain' | 'close', listener: () => void): unknown;
  off(event: 'drain' | 'close', listener: () => void): unknown;
  readonly writableLength: number;
  readonly writableNeedDrain: boolean;
  readonly destroyed: boolean;
}

/** The client cannot be reached any more. */
export class OutputClosed extends Error {
  constructor() {
    super('The connection was closed while a response was being written');
    this.name = 'OutputClosed';
  }
}

const gatherLimit = 16 * 1024;
const highWater = 64 * 1024;

export class Output {
  #sink: OutputSink;
  #text = '';
  #parts: Uint8Array[] = [];
  #gathered = 0;
  /** Bytes handed to sinks so far; for logs. */
  written = 0;
  /** Writes the system has taken so far: stands still when the client does not read. */
  taken = 0;

  constructor(sink: OutputSink) {
    this.#sink = sink;
  }

  /** @throws {OutputClosed} when nobody is left to write to: then there is no use in going on. */
  assertOpen(): void {
    if (this.#sink.destroyed) throw new OutputClosed();
  }

  /** From now on write to `sink` (STARTTLS, COMPRESS). What was gathered must have been flushed. */
  redirect(sink: OutputSink): void {
    this.#sink = sink;
  }

  /** True when the client reads more slowly than we write. */
  get full(): boolean {
    return this.#sink.writableNeedDrain || this.#gathered + this.#sink.writableLength > highWater;
  }

  /** One response line, a byte string without its CRLF. */
  line(text: string): void {
    this.text(`${text}\r\n`);
  }

  /** A byte string. */
  text(text: string): void {
    this.#text += text;
    this.#gathered += text.length;
    if (this.#gathered >= gatherLimit) this.flush();
  }

  bytes(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#closeText();
    this.#parts.push(bytes);
    this.#gathered += bytes.length;
    if (this.#gathered >= gatherLimit) this.flush();
  }

  /** Hands everything gathered to the sink. */
  flush(): void {
    this.#closeText();
    if (this.#parts.length === 0) return;
    const bytes = this.#parts.length === 1 ? (this.#parts[0] as Uint8Array) : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#gathered = 0;
    this.written += bytes.length;
    if (!this.#sink.destroyed) this.#sink.write(bytes, this.#onTaken);
  }

  /** Flushes and waits until the sink takes more. @throws {OutputClosed} */
  async drained(): Promise<void> {
    this.flush();
    while (this.#sink.writableNeedDrain && !this.#sink.destroyed) await this.#nextDrain();
    if (this.#sink.destroyed) throw new OutputClosed();
  }

  #nextDrain(): Promise<void> {
    const sink = this.#sink;
    return new Promise((resolve) => {
      const settle = () => {
        sink.off('drain', settle);
        sink.off('close', settle);
        resolve();
      };
      sink.once('drain', settle);
      sink.once('close', settle);
    });
  }

  readonly #onTaken = () => {
    this.taken++;
  };

  #closeText(): void {
    if (this.#text === '') return;
    this.#parts.push(Buffer.from(this.#text, 'latin1'));
    this.#text = '';
  }
}
