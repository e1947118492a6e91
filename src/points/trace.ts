/** Trace fields of what arrives (RFC 5321 §4.4): written before the message, which itself stays as it came. */
import { fromLatin1 } from '../lib/bytes.ts';
import { formatDate } from '../mime/date.ts';
import type { Arrival } from './arrival.ts';
import type { PointParts } from './parts.ts';

export function buildReceivedField(parts: PointParts, { client, at }: Arrival): string {
  const how = client.tls === '' ? 'ESMTP' : 'ESMTPS';
  return (
    `Received: from ${client.helo || 'unknown'} ([${client.address}])\r\n` +
    `\tby ${parts.hostname} with ${how};\r\n\t${formatDate(at)}\r\n`
  );
}

/** Return-Path and Received, to stand before a message that is stored as it came. */
export function buildTrace(parts: PointParts, arrival: Arrival): Uint8Array {
  return fromLatin1(`Return-Path: <${arrival.reversePath}>\r\n${buildReceivedField(parts, arrival)}`);
}
