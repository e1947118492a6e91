/**
 * The status of one certificate asked online (OCSP, RFC 6960, in the small profile of RFC 5019): the request as
 * DER, and the reading of the answer. An answer counts only if it is about this certificate, signed by its
 * issuer or by a responder that the issuer has certified for it, and current; anything else is an `OcspError`.
 */
import { createHash } from 'node:crypto';
import {
  type BerElement,
  BerError,
  contentOf,
  encodingOf,
  parseBer,
  readOctets,
  readOid,
  readTime,
} from '../lib/ber.ts';
import { encodeInteger, encodeNull, encodeOctetString, encodeOid, encodeSequence } from '../lib/der.ts';
import type { Instant } from '../lib/time.ts';
import { type Certificate, readCertificate, readSerialNumber } from './certificate.ts';
import { oids } from './oids.ts';
import { isSignedBy } from './structure-signature.ts';

/** The answer proves nothing; the message says why, for the operator. */
export class OcspError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'OcspError';
  }
}

export interface CertificateStatus {
  /** `unknown`: the responder does not know the certificate, which says neither good nor bad. */
  readonly state: 'good' | 'revoked' | 'unknown';
  readonly revokedAt: Instant | undefined;
  readonly thisUpdate: Instant;
  readonly nextUpdate: Instant | undefined;
  /** To when it counts as current, as for revocation lists. */
  readonly freshUntil: Instant | undefined;
}

export interface OcspQuestion {
  readonly certificate: Certificate;
  readonly issuer: Certificate;
}

/**
 * The OCSPRequest. The certificate is named by SHA-1 hashes, which every responder takes (RFC 5019 §2.1.1); no
 * nonce, so that answers made in advance can be given.
 */
export function buildOcspRequest(question: OcspQuestion): Uint8Array {
  const { nameHash, keyHash } = hashIssuer('sha1', question.issuer);
  const certId = encodeSequence(
    encodeSequence(encodeOid(oids.sha1), encodeNull()),
    encodeOctetString(nameHash),
    encodeOctetString(keyHash),
    encodeInteger(Buffer.from(question.certificate.serialNumber, 'hex')),
  );
  return encodeSequence(encodeSequence(encodeSequence(encodeSequence(certId))));
}

/** Clocks of responders are not ours. */
const tolerance = 10 * 60_000;

/** @throws {OcspError} when the answer proves nothing about the certificate at `now`. */
export function readOcspResponse(der: Uint8Array, question: OcspQuestion, now: Instant): CertificateStatus {
  try {
    const response = readBasicResponse(der);
    checkResponder(response, question.issuer, now);
    const found = response.answers.find((answer) => isAbout(answer, question));
    if (found === undefined) throw new OcspError('the answer is about another certificate');
    const status = readStatus(found);
    if (status.thisUpdate > now + tolerance) throw new OcspError('the answer is from the future');
    if (status.nextUpdate !== undefined && status.nextUpdate < now - tolerance)
      throw new OcspError('the answer is out of date');
    return status;
  } catch (error) {
    if (error instanceof BerError) throw new OcspError(`the answer is broken: ${error.message}`);
    throw error;
  }
}

interface BasicResponse {
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: string;
  readonly signature: Uint8Array;
  readonly certificates: readonly Certificate[];
  readonly answers: readonly BerElement[];
}

/** RFC 6960 §4.2.1. */
const refusals: Readonly<Record<number, string>> = {
  1: 'malformedRequest',
  2: 'internalError',
  3: 'tryLater',
  5: 'sigRequired',
  6: 'unauthorized',
};

function readBasicResponse(der: Uint8Array): BasicResponse {
  const [status, bytes] = parseBer(der).children;
  const code = status?.tag === 0x0a ? (contentOf(status)[0] ?? -1) : -1;
  if (code !== 0) throw new OcspError(`the responder answers ${refusals[code] ?? 'nothing it may answer'}`);
  const [type, octets] = bytes?.children[0]?.children ?? [];
  if (readOid(type) !== oids.ocspBasicResponse || octets === undefined)
    throw new OcspError('the answer is of an unknown type');
  const [tbs, algorithm, signature, certificates] = parseBer(readOctets(octets)).children;
  const signatureAlgorithm = readOid(algorithm?.children[0]);
  if (tbs === undefined || signature === undefined || signatureAlgorithm === undefined)
    throw new OcspError('the answer lacks a field');
  // ResponseData: [0] version?, responderID ([1] or [2]), producedAt, responses, [1] extensions?
  const answers = tbs.children.find((field) => field.tag === 0x30)?.children ?? [];
  return {
    tbs: encodingOf(tbs),
    signatureAlgorithm,
    signature: contentOf(signature).subarray(1),
    certificates: (certificates?.children[0]?.children ?? [])
      .slice(0, mostCertificates)
      .flatMap((element) => readCertificate(encodingOf(element)) ?? []),
    answers,
  };
}

/** A responder sends its own certificate and perhaps that of the authority. */
const mostCertificates = 8;

/** §4.2.2.2: the issuer itself, or somebody it has certified directly for this and nothing else. */
function checkResponder(response: BasicResponse, issuer: Certificate, now: Instant): void {
  if (isSignedBy(response, issuer)) return;
  const isAuthorized = response.certificates.some(
    (delegate) =>
      delegate.extensions.purposes?.includes(oids.ocspSigning) === true &&
      delegate.notBefore <= now &&
      now < delegate.notAfter + 1000 &&
      Buffer.compare(delegate.issuer, issuer.subject) === 0 &&
      isSignedBy(delegate, issuer) &&
      isSignedBy(response, delegate),
  );
  if (!isAuthorized) throw new OcspError('the answer is not signed by who may answer for the authority');
}

/** SingleResponse.certID: { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber }. */
function isAbout(answer: BerElement, { certificate, issuer }: OcspQuestion): boolean {
  const [algorithm, nameHash, keyHash, serial] = answer.children[0]?.children ?? [];
  const digest = digests.get(readOid(algorithm?.children[0]) ?? '');
  if (digest === undefined || !nameHash || !keyHash || !serial) return false;
  const expected = hashIssuer(digest, issuer);
  return (
    Buffer.compare(contentOf(nameHash), expected.nameHash) === 0 &&
    Buffer.compare(contentOf(keyHash), expected.keyHash) === 0 &&
    readSerialNumber(serial) === certificate.serialNumber
  );
}

/** certID, certStatus ([0] good, [1] revoked { time }, [2] unknown), thisUpdate, [0] nextUpdate?, … */
function readStatus(answer: BerElement): CertificateStatus {
  const [, state, updated, ...rest] = answer.children;
  const thisUpdate = readTime(updated);
  if (state === undefined || thisUpdate === undefined) throw new OcspError('the answer lacks a field');
  const nextUpdate = readTime(rest.find((field) => field.tag === 0xa0)?.children[0]);
  const times = { thisUpdate, nextUpdate, freshUntil: nextUpdate };
  if (state.tag === 0x80) return { state: 'good', revokedAt: undefined, ...times };
  if (state.tag === 0x82) return { state: 'unknown', revokedAt: undefined, ...times };
  const revokedAt = readTime(state.children[0]);
  if (state.tag !== 0xa1 || revokedAt === undefined)
    throw new OcspError('the answer has a state that is not understood');
  return { state: 'revoked', revokedAt, ...times };
}

const digests: ReadonlyMap<string, 'sha1' | 'sha256'> = new Map([
  [oids.sha1, 'sha1'],
  [oids.sha256, 'sha256'],
]);

/** §4.1.1: of the issuer's name, and of the bits of its key. */
function hashIssuer(digest: 'sha1' | 'sha256', issuer: Certificate) {
  const bits = parseBer(issuer.publicKeyInfo).children[1];
  const hash = (bytes: Uint8Array) => createHash(digest).update(bytes).digest();
  return {
    nameHash: hash(issuer.subject),
    keyHash: hash(bits === undefined ? new Uint8Array(0) : contentOf(bits).subarray(1)),
  };
}
