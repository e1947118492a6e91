/** TimeStampReq written and read (RFC 3161 §2.4.1). Pure. */
import { BerError, contentOf, parseBer, readOid } from '../lib/ber.ts';
import { encodeBoolean, encodeInteger, encodeOid, encodeSequence } from '../lib/der.ts';
import { encodeImprint, type MessageImprint, readImprint } from './message-imprint.ts';

export interface TimeStampRequest {
  readonly imprint: MessageImprint;
  /** The policy wanted, dotted; undefined for the authority's own. */
  readonly policy: string | undefined;
  /** Unsigned big-endian, without leading zero bytes; undefined for none. */
  readonly nonce: Uint8Array | undefined;
  /** Whether the token shall carry the authority's certificates. */
  readonly withCertificates: boolean;
}

export function buildRequest({ imprint, policy, nonce, withCertificates }: TimeStampRequest): Uint8Array {
  return encodeSequence(
    encodeInteger(1),
    encodeImprint(imprint),
    ...(policy === undefined ? [] : [encodeOid(policy)]),
    ...(nonce === undefined ? [] : [encodeInteger(nonce)]),
    // DER leaves a default out.
    ...(withCertificates ? [encodeBoolean(true)] : []),
  );
}

/** Undefined when the bytes are no request of version 1; extensions are reported, for no one here knows any. */
export function readRequest(der: Uint8Array): (TimeStampRequest & { hasExtensions: boolean }) | undefined {
  const elements = parseRequest(der);
  const [version, imprintElement, ...rest] = elements;
  const imprint = readImprint(imprintElement);
  if (version?.tag !== 0x02 || contentOf(version)[0] !== 1 || imprint === undefined) return undefined;
  const nonce = rest.find(({ tag }) => tag === 0x02);
  const flag = rest.find(({ tag }) => tag === 0x01);
  return {
    imprint,
    policy: readOid(rest.find(({ tag }) => tag === 0x06)),
    nonce: nonce === undefined ? undefined : trimLeadingZeros(contentOf(nonce)),
    withCertificates: flag !== undefined && contentOf(flag)[0] !== 0,
    hasExtensions: rest.some(({ tag }) => tag === 0xa0),
  };
}

/** Big-endian bytes without the zeros in front: how nonces and serial numbers are compared. */
export function trimLeadingZeros(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  return bytes.subarray(start);
}

function parseRequest(der: Uint8Array) {
  try {
    const element = parseBer(der, { depth: 8, elements: 100 });
    return element.tag === 0x30 && element.end === der.length ? element.children : [];
  } catch (error) {
    if (error instanceof BerError) return [];
    throw error;
  }
}
