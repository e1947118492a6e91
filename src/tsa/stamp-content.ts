/** TSTInfo, what an authority signs: this digest was there at that time (RFC 3161 §2.4.2). Pure. */
import { type BerElement, contentOf, parseBer, readOid } from '../lib/ber.ts';
import { encodeElement, encodeInteger, encodeOid, encodeSequence } from '../lib/der.ts';
import type { Instant } from '../lib/time.ts';
import { encodeImprint, type MessageImprint, readImprint } from './message-imprint.ts';
import { trimLeadingZeros } from './request.ts';

export interface TstInfo {
  /** Dotted OID. */
  readonly policy: string;
  readonly imprint: MessageImprint;
  /** Unsigned big-endian, at most 20 bytes. */
  readonly serialNumber: Uint8Array;
  /** Milliseconds; a finer time is cut off. */
  readonly time: Instant;
  readonly nonce: Uint8Array | undefined;
}

/** Accuracy of one second: what the law asks of a provider's clock. Times are written to the second. */
export function buildTstInfo({ policy, imprint, serialNumber, time, nonce }: TstInfo): Uint8Array {
  return encodeSequence(
    encodeInteger(1),
    encodeOid(policy),
    encodeImprint(imprint),
    encodeInteger(serialNumber),
    encodeElement(0x18, Buffer.from(`${generalizedSeconds(time)}Z`, 'latin1')),
    encodeSequence(encodeInteger(1)),
    ...(nonce === undefined ? [] : [encodeInteger(nonce)]),
  );
}

/**
 * Undefined when the bytes are no TSTInfo of version 1.
 * @throws {BerError} when they are not even BER.
 */
export function readTstInfo(der: Uint8Array): TstInfo | undefined {
  const element = parseBer(der, { depth: 12, elements: 500 });
  if (element.tag !== 0x30 || element.end !== der.length) return undefined;
  const [version, policyElement, imprintElement, serial, timeElement, ...rest] = element.children;
  const policy = readOid(policyElement);
  const imprint = readImprint(imprintElement);
  const time = readFineTime(timeElement);
  if (version?.tag !== 0x02 || contentOf(version)[0] !== 1 || serial?.tag !== 0x02) return undefined;
  if (policy === undefined || imprint === undefined || time === undefined) return undefined;
  const nonce = rest.find(({ tag }) => tag === 0x02);
  return {
    policy,
    imprint,
    serialNumber: trimLeadingZeros(contentOf(serial)),
    time,
    nonce: nonce === undefined ? undefined : trimLeadingZeros(contentOf(nonce)),
  };
}

function generalizedSeconds(at: Instant): string {
  return new Date(at).toISOString().replace(/[-:T]/g, '').slice(0, 14);
}

/** GeneralizedTime with seconds and perhaps a fraction, always UTC. */
function readFineTime(element: BerElement | undefined): Instant | undefined {
  if (element?.tag !== 0x18) return undefined;
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,20}))?Z$/.exec(
    Buffer.from(contentOf(element)).toString('latin1'),
  );
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = ''] = match;
  const text = `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.padEnd(3, '0').slice(0, 3)}Z`;
  const at = Date.parse(text);
  // Date.parse rolls nothing over: 31 February is NaN in some engines and March in others.
  return Number.isNaN(at) || new Date(at).toISOString() !== text ? undefined : at;
}
