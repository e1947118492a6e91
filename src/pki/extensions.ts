/** Certificate extensions as bytes (RFC 5280 §4.2), one function each. */
import { createHash } from 'node:crypto';
import { isIP, isIPv4 } from 'node:net';
import {
  encodeAscii,
  encodeBoolean,
  encodeContext,
  encodeContextPrimitive,
  encodeInteger,
  encodeNamedBits,
  encodeOctetString,
  encodeOid,
  encodeSequence,
} from '../lib/der.ts';

/** Bits of KeyUsage (RFC 5280 §4.2.1.3). */
export const keyUsageBits = { digitalSignature: 0, nonRepudiation: 1, keyCertSign: 5, crlSign: 6 } as const;

/** Purposes of ExtKeyUsage (RFC 5280 §4.2.1.12). */
export const purposes = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  timeStamping: '1.3.6.1.5.5.7.3.8',
} as const;

/** §4.2.1.2: SHA-1 of the bits of the subject's public key; an identifier, not a protection. */
export function hashPublicKey(publicKeyBits: Uint8Array): Uint8Array {
  return createHash('sha1').update(publicKeyBits).digest();
}

export function buildSubjectKeyIdentifier(keyIdentifier: Uint8Array): Uint8Array {
  return buildExtension('2.5.29.14', false, encodeOctetString(keyIdentifier));
}

export function buildAuthorityKeyIdentifier(keyIdentifier: Uint8Array): Uint8Array {
  return buildExtension('2.5.29.35', false, encodeSequence(encodeContextPrimitive(0, keyIdentifier)));
}

/** §4.2.1.3, always critical. `bits` from `keyUsageBits`. */
export function buildKeyUsage(...bits: readonly number[]): Uint8Array {
  return buildExtension('2.5.29.15', true, encodeNamedBits(...bits));
}

/** §4.2.1.12. RFC 3161 §2.3 wants it critical when the purpose is time stamping. */
export function buildExtKeyUsage(list: readonly string[], critical = false): Uint8Array {
  return buildExtension('2.5.29.37', critical, encodeSequence(...list.map(encodeOid)));
}

/** §4.2.1.9 of a certification authority, critical; without `pathLength` the depth is free. */
export function buildAuthorityConstraints(pathLength?: number): Uint8Array {
  const length = pathLength === undefined ? [] : [encodeInteger(pathLength)];
  return buildExtension('2.5.29.19', true, encodeSequence(encodeBoolean(true), ...length));
}

export interface AlternativeNames {
  readonly mailAddresses?: readonly string[];
  /** DNS names or IP addresses. */
  readonly hosts?: readonly string[];
}

/** §4.2.1.6: rfc822Name, dNSName, iPAddress. */
export function buildSubjectAltName({ mailAddresses = [], hosts = [] }: AlternativeNames): Uint8Array {
  const mail = mailAddresses.map((address) => encodeContextPrimitive(1, encodeAscii(address)));
  const host = hosts.map((name) =>
    isIP(name) === 0
      ? encodeContextPrimitive(2, encodeAscii(name))
      : encodeContextPrimitive(7, encodeIpAddress(name)),
  );
  return buildExtension('2.5.29.17', false, encodeSequence(...mail, ...host));
}

/** §4.2.1.10, critical: mail addresses of exactly these hosts and no others. */
export function buildMailNameConstraints(mailDomains: readonly string[]): Uint8Array {
  const permitted = mailDomains.map((domain) =>
    encodeSequence(encodeContextPrimitive(1, encodeAscii(domain.toLowerCase()))),
  );
  return buildExtension('2.5.29.30', true, encodeSequence(encodeContext(0, ...permitted)));
}

/** §4.2.1.13: one distribution point with one URL. */
export function buildCrlDistributionPoint(url: string): Uint8Array {
  const fullName = encodeContext(0, encodeContextPrimitive(6, encodeAscii(url)));
  return buildExtension('2.5.29.31', false, encodeSequence(encodeSequence(encodeContext(0, fullName))));
}

/** §4.2.2.1: where the OCSP responder is. */
export function buildOcspAccess(url: string): Uint8Array {
  const location = encodeContextPrimitive(6, encodeAscii(url));
  return buildExtension(
    '1.3.6.1.5.5.7.1.1',
    false,
    encodeSequence(encodeSequence(encodeOid('1.3.6.1.5.5.7.48.1'), location)),
  );
}

/** Any extension: `critical` is left out when false, as DER wants for a default. */
export function buildExtension(oid: string, critical: boolean, value: Uint8Array): Uint8Array {
  const flag = critical ? [encodeBoolean(true)] : [];
  return encodeSequence(encodeOid(oid), ...flag, encodeOctetString(value));
}

function encodeIpAddress(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split('.').map(Number));
  const [left = '', right] = address.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  return Uint8Array.from(
    groups.map((group) => Number.parseInt(group, 16)).flatMap((n) => [n >> 8, n & 0xff]),
  );
}
