/**
 * COMPRESS=DEFLATE (RFC 4978): a raw deflate stream each way over what was there before. The windows are
 * small, for many connections rest at once and each keeps its own.
 */
import type { Duplex } from 'node:stream';
import { constants, createDeflateRaw, createInflateRaw, type DeflateRaw, type InflateRaw } from 'node:zlib';

export interface CompressedStream {
  /** What the client says, inflated as it comes and no faster than it is read. */
  readonly input: InflateRaw;
  /** What is written here goes out at once, deflated. */
  readonly output: DeflateRaw;
}

/**
 * @param stream nobody else may read it or write to it from now on
 * @param early bytes of the client that were read before, compressed already
 */
export function compressStream(stream: Duplex, early: Uint8Array): CompressedStream {
  const input = createInflateRaw();
  const output = createDeflateRaw({
    flush: constants.Z_SYNC_FLUSH,
    level: 5,
    memLevel: 5,
    windowBits: 13,
  });
  if (early.length > 0) input.write(early);
  stream.pipe(input);
  output.pipe(stream);
  stream.once('close', () => {
    input.destroy();
    output.destroy();
  });
  return { input, output };
}
