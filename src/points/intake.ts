/**
 * Reading a message once: while its bytes become durable they are hashed, their structure is scanned and the
 * virus scanner reads along. Memory stays bounded whatever the size: the header block has a limit and the body
 * goes to the blob store. What comes in is kept as it came; nothing here changes a byte.
 */
import { isAscii } from 'node:buffer';
import type { ScanVerdict, VirusScanner } from '../antivirus/scanner.ts';
import type { BlobStore } from '../blob/blob-store.ts';
import { spool } from '../blob/read-segments.ts';
import { concatBytes } from '../lib/bytes.ts';
import { createChannel } from '../lib/channel.ts';
import { MailError } from '../lib/mail-error.ts';
import type { Segments } from '../lib/segments.ts';
import type { MessagePart } from '../mime/message-part.ts';
import { PartScanner } from '../mime/part-scanner.ts';

export interface Intake {
  readonly segments: Segments;
  readonly size: number;
  /** SHA-256 of all bytes. */
  readonly sha256: Uint8Array;
  readonly tree: MessagePart;
  /** The header block with the blank line that ends it. */
  readonly head: Uint8Array;
  /** True when there are bytes above 127. */
  readonly eightBit: boolean;
  readonly verdict: ScanVerdict;
}

export interface IntakeOptions {
  readonly blobs: BlobStore;
  readonly scanner: VirusScanner;
  /** Longest header block, bytes; more is refused with 552 5.3.4. */
  readonly maxHeadBytes: number;
}

const headTooLarge = (limit: number) =>
  new MailError(
    'permanent',
    `The message header is larger than ${limit} bytes; send it with a smaller header`,
    {
      code: 552,
      enhanced: '5.3.4',
    },
  );

/**
 * Takes in all of `source`. The bytes are durable, or inline and not yet durable when small, as `spool` says.
 * @throws {MailError} what the store or the scanner throws, and 552 for a header over the limit.
 */
export async function takeIn(source: AsyncIterable<Uint8Array>, options: IntakeOptions): Promise<Intake> {
  const scanner = new PartScanner();
  const head = new HeadCollector(options.maxHeadBytes);
  const toVirusScanner = createChannel<Uint8Array>();
  const scan = options.scanner.scan(toVirusScanner);
  let failed = false;
  // Awaited below. A scanner that cannot even begin takes no chunk, and nobody may wait for it to do so.
  scan.then(
    () => toVirusScanner.abandon(),
    () => {
      failed = true;
      toVirusScanner.abandon();
    },
  );
  let eightBit = false;

  async function* observed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      head.push(chunk);
      scanner.push(chunk);
      eightBit ||= !isAscii(chunk);
      await toVirusScanner.push(chunk);
      if (failed) await scan;
      yield chunk;
    }
  }

  try {
    const stored = await spool(options.blobs, observed());
    toVirusScanner.close();
    const verdict = await scan;
    const tree = scanner.end();
    return { ...stored, tree, head: head.bytes(tree.bodyStart), eightBit, verdict };
  } catch (error) {
    toVirusScanner.close(error);
    throw error;
  }
}

/** Keeps the first bytes of the message until its header block has surely ended. */
class HeadCollector {
  readonly #limit: number;
  readonly #chunks: Uint8Array[] = [];
  #kept = 0;
  #complete = false;
  #tail: Uint8Array = new Uint8Array(0);

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(chunk: Uint8Array): void {
    if (this.#complete) return;
    this.#chunks.push(chunk);
    this.#kept += chunk.length;
    const joint = concatBytes([this.#tail, chunk]);
    if (
      this.#startsWithBlankLine() ||
      Buffer.from(joint.buffer, joint.byteOffset, joint.length).includes('\r\n\r\n')
    )
      this.#complete = true;
    else if (this.#kept > this.#limit) throw headTooLarge(this.#limit);
    this.#tail = joint.slice(-3);
  }

  bytes(length: number): Uint8Array {
    return concatBytes(this.#chunks).slice(0, length);
  }

  #startsWithBlankLine(): boolean {
    const [first, second] = this.#chunks;
    if (first === undefined) return false;
    const secondByte = first.length > 1 ? first[1] : second?.[0];
    return first[0] === 13 && secondByte === 10;
  }
}
