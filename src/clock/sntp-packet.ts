/**
 * SNTP packets (RFC 4330, the client's part of RFC 5905): pure. The request tells nothing about us: its transmit
 * timestamp is a random cookie that the server must give back, so that nobody who cannot see the request can
 * forge an answer.
 */
import type { Instant } from '../lib/time.ts';

/** The answer cannot be used; the message says why. */
export class SntpError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SntpError';
  }
}

/** RFC 5905 §7.3 without extensions or authentication. */
const packetLength = 48;

/** `cookie`: 8 random bytes. */
export function buildSntpRequest(cookie: Uint8Array): Uint8Array {
  const packet = new Uint8Array(packetLength);
  packet[0] = (4 << 3) | 3; // no leap warning, version 4, client
  packet.set(cookie.subarray(0, 8), 40);
  return packet;
}

export interface SntpAnswer {
  /** When the server got the request and sent the answer, by its clock; with fractions of a millisecond. */
  readonly receivedAt: Instant;
  readonly sentAt: Instant;
  /** How far the server may be from its reference, milliseconds. */
  readonly rootErrorMs: number;
}

/** True when the packet answers the request with this cookie; others on the way are ignored. */
export function isAnswerTo(packet: Uint8Array, cookie: Uint8Array): boolean {
  return packet.length >= packetLength && Buffer.compare(packet.subarray(24, 32), cookie) === 0;
}

/** @throws {SntpError} when the server says, or shows, that it does not know the time (RFC 4330 §5). */
export function readSntpAnswer(packet: Uint8Array): SntpAnswer {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  const first = view.getUint8(0);
  const stratum = view.getUint8(1);
  if ((first & 7) !== 4) throw new SntpError('it is not the answer of a server');
  if (stratum === 0) throw new SntpError(`the server turns us away: ${readKissCode(packet)}`);
  if (first >> 6 === 3 || stratum > 15) throw new SntpError('the server is not synchronized');
  const receivedAt = readTimestamp(view, 32);
  const sentAt = readTimestamp(view, 40);
  if (receivedAt === undefined || sentAt === undefined || sentAt < receivedAt)
    throw new SntpError('the server gives no time');
  const rootDelayMs = (view.getUint32(4) / 65_536) * 1000;
  const rootDispersionMs = (view.getUint32(8) / 65_536) * 1000;
  return { receivedAt, sentAt, rootErrorMs: rootDelayMs / 2 + rootDispersionMs };
}

/** §8 of RFC 4330: DENY, RSTR, RATE, … */
function readKissCode(packet: Uint8Array): string {
  return Buffer.from(packet.subarray(12, 16))
    .toString('latin1')
    .replace(/[^A-Z]/g, '?');
}

/** Seconds from 1900 to 1970, and of one era of 2^32 seconds. */
const epochSeconds = 2_208_988_800;
const eraSeconds = 2 ** 32;

/** RFC 4330 §3: without its highest bit it is of the era that begins on 7 February 2036. */
function readTimestamp(view: DataView, at: number): number | undefined {
  const seconds = view.getUint32(at);
  const fraction = view.getUint32(at + 4);
  if (seconds === 0 && fraction === 0) return undefined;
  const era = seconds >= 0x80000000 ? 0 : eraSeconds;
  return (seconds + era - epochSeconds) * 1000 + (fraction / eraSeconds) * 1000;
}
