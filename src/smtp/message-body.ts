/**
 * One message on its way from the parser to the receiving point: a stream with a verdict. The receiving point
 * gets `readBody(body)`, whose iteration throws whenever the message is not to be taken, so that nothing can be
 * accepted by reading less than all.
 */
import { PassThrough } from 'node:stream';
import { MailError } from '../lib/mail-error.ts';
import type { LineFault } from './data-scanner.ts';

const FAULT_NAMES: Readonly<Record<LineFault, string>> = {
  'bare-cr': 'a CR without LF',
  'bare-lf': 'an LF without CR',
  nul: 'a NUL byte',
};

/** Lines end in CRLF and only there (RFC 5321 §2.3.8); what breaks that is refused, not repaired. */
export function lineFaultError(fault: LineFault): MailError {
  const text = `The message holds ${FAULT_NAMES[fault]}; send it with CRLF line ends only and attachments encoded`;
  return new MailError('protocol', text, { code: 554, enhanced: '5.6.0' });
}

export function tooLargeError(limit: number): MailError {
  const text = `The message is larger than the ${limit} bytes accepted here`;
  return new MailError('permanent', text, { code: 552, enhanced: '5.3.4' });
}

export function connectionLostError(cause?: unknown): MailError {
  const text = 'Connection lost before the end of the message';
  return new MailError('temporary', text, { code: 451, enhanced: '4.4.2' }, cause);
}

/** Written by StrictStream, read through `readBody`. `byteLength` and `sizeExceeded` are smtp-server's. */
export class MessageBody extends PassThrough {
  byteLength = 0;
  sizeExceeded = false;
  #fault: MailError | undefined;
  #complete = false;
  readonly #finish: () => void;

  /** Resolves when the last byte of the message was seen, or none will come any more. */
  readonly finished: Promise<void>;

  constructor() {
    super();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.finished = promise;
    this.#finish = resolve;
    // A destroyed body is noticed by who reads it; without a reader it must not end the process.
    this.on('error', () => undefined);
  }

  /** Why the message is not to be taken, if known by now. */
  get fault(): MailError | undefined {
    return this.#fault;
  }

  /** True once the final dot was seen. */
  get complete(): boolean {
    return this.#complete;
  }

  /** The message is bad: what reads it gets the error, what still comes is passed over. The first fault stays. */
  refuse(fault: MailError): void {
    this.#fault ??= fault;
    if (!this.writableEnded) this.end();
  }

  /** The final dot was seen. */
  markComplete(): void {
    this.#complete = true;
    if (!this.writableEnded) this.end();
    this.#finish();
  }

  /** No final dot will come. */
  abandon(): void {
    this.#fault ??= connectionLostError();
    if (!this.writableEnded && !this.destroyed) this.end();
    this.#finish();
  }
}

/**
 * The bytes of the message, dots taken away, in chunks; the reader's pace is the sender's.
 * @throws {MailError} at its end, when the message must not be taken: 554 5.6.0, 552 5.3.4 or 451 4.4.2.
 */
export async function* readBody(body: MessageBody): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    // The parser goes on writing until the final dot, so leaving early must not destroy the body.
    for await (const chunk of body.iterator({ destroyOnReturn: false })) yield chunk as Uint8Array;
  } catch (cause) {
    throw body.fault ?? connectionLostError(cause);
  }
  if (body.fault !== undefined) throw body.fault;
  if (!body.complete) throw connectionLostError();
}
