/**
 * Bytes of a named character set to Unicode, as tolerant as real mail needs. Never throws.
 */
import { isUtf8 } from 'node:buffer';
import { fromLatin1, isAsciiText, lowerAscii, utf8 } from '../lib/bytes.ts';

/** Decoders are stateless between whole texts; the labels of a hostile message must not fill the memory. */
const decoders = new Map<string, TextDecoder | undefined>();
const MOST_DECODERS = 64;

function findDecoder(label: string): TextDecoder | undefined {
  const known = decoders.get(label);
  if (known !== undefined || decoders.has(label)) return known;
  let decoder: TextDecoder | undefined;
  try {
    decoder = new TextDecoder(label);
  } catch {
    // A label nobody knows: the caller falls back to guessing.
  }
  if (decoders.size < MOST_DECODERS) decoders.set(label, decoder);
  return decoder;
}

/** Raw header text with 8-bit bytes (a Latin-1 string): as UTF-8 if it is valid UTF-8, else as Latin-1. */
export function decodeRawText(raw: string): string {
  if (isAsciiText(raw)) return raw;
  const bytes = fromLatin1(raw);
  return isUtf8(bytes) ? utf8(bytes) : raw;
}

/**
 * The text that `bytes` hold in `charset` (any case, unknown and empty names allowed: then as UTF-8 if valid,
 * else Latin-1). Wrong sequences become U+FFFD.
 */
export function decodeCharset(bytes: Uint8Array, charset: string): string {
  const label = lowerAscii(charset);
  // Programs that write 8-bit bytes under "us-ascii" mean UTF-8 or their own eight-bit set.
  const decoder = label === '' || label === 'us-ascii' || label === 'ascii' ? undefined : findDecoder(label);
  if (decoder !== undefined) return decoder.decode(bytes);
  return isUtf8(bytes) ? utf8(bytes) : new TextDecoder('windows-1252').decode(bytes);
}
