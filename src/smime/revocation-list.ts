/**
 * Certificate revocation lists read from DER (RFC 5280 §5): complete lists of one issuer. Parsing throws
 * `RevocationListError` and nothing else; indirect and delta lists are refused, for what they leave out could
 * be taken for "not revoked".
 */
import { type BerElement, BerError, encodingOf, parseBer, readOid, readTime } from '../lib/ber.ts';
import type { Instant } from '../lib/time.ts';
import { readSerialNumber } from './certificate.ts';
import { readExtension } from './certificate-extensions.ts';
import { oids } from './oids.ts';
import type { SignedStructure } from './structure-signature.ts';

export class RevocationListError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RevocationListError';
  }
}

export interface RevocationList extends SignedStructure {
  /** Encoding of the issuer's name. */
  readonly issuer: Uint8Array;
  readonly thisUpdate: Instant;
  readonly nextUpdate: Instant | undefined;
  /**
   * To when it counts as current: `nextUpdate` as parsed, less when whoever keeps it finds it old; undefined for
   * never (a list without a due date, §5.1.2.5). What it revokes counts always.
   */
  readonly freshUntil: Instant | undefined;
  /** Revocation date by serial number (hexadecimal, as in `Certificate`). */
  readonly revoked: ReadonlyMap<string, Instant>;
}

/** A list of 200,000 entries; beyond, the bytes are refused. */
const limits = { depth: 12, elements: 1_500_000 };

/** @throws {RevocationListError} when `der` is not a complete revocation list of one issuer. */
export function parseRevocationList(der: Uint8Array): RevocationList {
  try {
    return readList(parseBer(der, limits));
  } catch (error) {
    if (error instanceof BerError)
      throw new RevocationListError(`the revocation list is broken: ${error.message}`);
    throw error;
  }
}

function readList(list: BerElement): RevocationList {
  const [tbs, algorithm, signature] = list.children;
  // TBSCertList: version (if 2), signature, issuer, thisUpdate, nextUpdate?, revokedCertificates?, [0] extensions?
  const all = tbs?.children ?? [];
  const [innerAlgorithm, issuer, updated, ...rest] = all[0]?.tag === 0x02 ? all.slice(1) : all;
  const thisUpdate = readTime(updated);
  const signatureAlgorithm = readOid(algorithm?.children[0]);
  if (!tbs || !issuer || !signature || thisUpdate === undefined || signatureAlgorithm === undefined)
    throw new RevocationListError('the revocation list lacks a field');
  if (signatureAlgorithm !== readOid(innerAlgorithm?.children[0]))
    throw new RevocationListError('the revocation list names two signature algorithms');
  const nextUpdate = readTime(rest.find((element) => element.tag === 0x17 || element.tag === 0x18));
  checkListExtensions(rest.find((element) => element.tag === 0xa0)?.children[0]?.children ?? []);
  return {
    tbs: encodingOf(tbs),
    signatureAlgorithm,
    signature: signature.source.subarray(signature.contentStart + 1, signature.contentEnd),
    issuer: encodingOf(issuer),
    thisUpdate,
    nextUpdate,
    freshUntil: nextUpdate,
    revoked: readEntries(rest.find((element) => element.tag === 0x30)?.children ?? []),
  };
}

function readEntries(entries: readonly BerElement[]): ReadonlyMap<string, Instant> {
  const revoked = new Map<string, Instant>();
  for (const { children } of entries) {
    const [serial, date, extensions] = children;
    const at = readTime(date);
    if (serial === undefined || at === undefined) throw new RevocationListError('an entry lacks a field');
    // §5.3.3: a certificateIssuer changes whose serial number this is.
    for (const extension of (extensions?.children ?? []).map(readExtension))
      if (extension.critical && extension.oid !== oids.crlReason)
        throw new RevocationListError('the revocation list is indirect');
    revoked.set(readSerialNumber(serial), at);
  }
  return revoked;
}

/** §5.2.4, §5.2.5: a delta, or a list for some certificates or reasons only, is refused. */
function checkListExtensions(extensions: readonly BerElement[]): void {
  for (const { oid, critical, value } of extensions.map(readExtension)) {
    if (oid === oids.issuingDistributionPoint && !isForAllReasons(value))
      throw new RevocationListError('the revocation list covers only some certificates or reasons');
    if (oid === oids.deltaCrlIndicator || (critical && oid !== oids.issuingDistributionPoint))
      throw new RevocationListError('the revocation list has a critical extension that is not understood');
  }
}

/** Only a distribution point's name `[0]`, and none of the flags and reasons `[1]` to `[5]`. */
function isForAllReasons(issuingDistributionPoint: BerElement): boolean {
  return issuingDistributionPoint.children.every((child) => child.tag === 0xa0);
}
