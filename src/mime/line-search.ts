/**
 * The search that reads every byte of every message. A call into native code finds a far byte at gigabytes a
 * second, but costs as much as thirty steps here; and the sender chooses how long the lines are.
 */

/** Distances below this are walked, longer ones called. */
export const NEAR = 32;

/**
 * Where `byte` first stands at or after `at`, or -1.
 *
 * @param expected how far away it will be, as far as the last line tells
 */
export function findByte(buffer: Buffer, byte: number, at: number, expected: number): number {
  if (expected >= NEAR) return buffer.indexOf(byte, at);
  const stop = Math.min(at + NEAR, buffer.length);
  for (let i = at; i < stop; i++) if (buffer[i] === byte) return i;
  return stop === buffer.length ? -1 : buffer.indexOf(byte, stop);
}
