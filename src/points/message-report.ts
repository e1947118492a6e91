/**
 * What a message in a file is, for whoever holds it: kind, signature, signer, certification data, and whether
 * they agree. Pure; nothing is believed that the signature does not cover, and the report says what could not
 * be checked. Never throws, whatever the bytes are. `message-report-text.ts` puts it into Italian sentences.
 */
import { createHash } from 'node:crypto';
import type { Instant } from '../lib/time.ts';
import { domainOf, parseAddressList } from '../mime/address.ts';
import { findFields, type HeaderBlock, parseHeaderBlock } from '../mime/header.ts';
import type { MessagePart } from '../mime/message-part.ts';
import { scanMessage } from '../mime/part-scanner.ts';
import { decodeTransfer } from '../mime/transfer.ts';
import type { CertificationData } from '../pec/certification-data.ts';
import { PecFormatError, parseCertificationData } from '../pec/certification-data-reader.ts';
import type { Wording } from '../pec/facts.ts';
import { classifyIncoming, type IncomingKind } from '../pec/incoming-classification.ts';
import { findPecParts, type PecParts } from '../pec/pec-parts.ts';
import type { IndexedProvider, ProviderIndex } from '../provider-index/provider-index.ts';
import { readCertificate } from '../smime/certificate.ts';
import { mailAddressesOf } from '../smime/certificate-extensions.ts';
import { describeName, findAttribute, nameTypes } from '../smime/distinguished-name.ts';
import { locateSignature } from '../smime/signed-parts.ts';
import type { Trust, VerificationPolicy } from '../smime/trust.ts';
import { type SignatureVerdict, verifySignedMessage } from '../smime/verify.ts';
import { findContradictions } from './message-contradictions.ts';
import { describeKind, type ReportedKind } from './message-kind.ts';
import { describeRevocation, type ReportedRevocation } from './revocation-report.ts';

export interface ReportRequest {
  /** The whole message, as a file of a mail program holds it. */
  readonly message: Uint8Array;
  readonly trust: Trust;
  /** `archivePolicy` for a file from the past: judged at its time of signing. */
  readonly policy: VerificationPolicy;
  readonly now: Instant;
  /** Undefined when there is no index to ask: then nobody can be proved to be a provider. */
  readonly index: ProviderIndex | undefined;
}

/** All plain data: `JSON.stringify` gives the report of `pec verify --json`. */
export interface MessageReport {
  /**
   * `certified`: signed by a provider of the index, right in form, unaltered. `unproved`: the same, but there
   * was no index to ask. `invalid`: it says that it is certified, and something is wrong. `ordinary`: it does
   * not say so.
   */
  readonly conclusion: 'certified' | 'unproved' | 'invalid' | 'ordinary';
  /** What the message says it is; to be believed only as far as `conclusion` goes. */
  readonly kind: ReportedKind;
  readonly signature: ReportedSignature;
  /** Everything against it, besides `signature.problems`. */
  readonly objections: readonly Wording[];
  readonly certificationData: CertificationData | undefined;
  /** How the file was read, where that matters. */
  readonly notes: readonly Wording[];
}

export interface ReportedSignature {
  readonly state: 'good' | 'bad' | 'absent';
  /** ISO 8601, UTC. */
  readonly signedAt: string | undefined;
  readonly digestAlgorithm: string | undefined;
  readonly signer: ReportedCertificate | undefined;
  /** From the signer's issuer upwards. */
  readonly issuers: readonly string[];
  /** Name in the provider index; undefined when the certificate is not in it, or there is no index. */
  readonly provider: string | undefined;
  readonly problems: readonly { readonly code: string; readonly italian: string; readonly text: string }[];
  /** What was looked at for revocation, certificate by certificate; empty when no chain could be built. */
  readonly revocation: readonly ReportedRevocation[];
}

export interface ReportedCertificate {
  readonly name: string;
  readonly organization: string | undefined;
  readonly addresses: readonly string[];
  /** SHA-1, hexadecimal: `providerCertificateHash` of the index. */
  readonly hash: string;
  readonly serialNumber: string;
  /** ISO 8601, UTC. */
  readonly validFrom: string;
  readonly validTo: string;
}

/** Reads, verifies and classifies the message. */
export function describeMessage(request: ReportRequest): MessageReport {
  const { bytes, notes } = readFile(request.message);
  const tree = scanMessage(bytes);
  const header = parseHeaderBlock(bytes);
  const parts = findPecParts(tree);
  const xml = partBytes(bytes, parts?.certificationData);
  const verdict = verify(request, { bytes, tree, header });
  const provider = findProvider(request.index, verdict?.certificateHash);
  const read: ReadMessage = { header, parts, xml, verdict };
  const claimed = classify(read, claimedSigner(header));
  const data = readData(xml);
  const kind = describeKind(header, claimed, data);
  const objections = [
    ...findObjections(read, claimed, request.index === undefined ? 'no index' : provider),
    ...(data === undefined ? [] : findContradictions({ header, data, signingTime: verdict?.signingTime })),
  ];
  const signature = reportSignature(verdict, provider, request.trust);
  const looksCertified = kind.code !== 'ordinary' || parts?.certificationData !== undefined;
  const hasIndex = request.index !== undefined;
  const conclusion = conclude({ looksCertified, signature, objections, hasIndex });
  return { conclusion, kind, signature, objections, certificationData: data, notes };
}

interface ReadMessage {
  readonly header: HeaderBlock;
  readonly parts: PecParts | undefined;
  readonly xml: Uint8Array | undefined;
  readonly verdict: SignatureVerdict | undefined;
}

const lineEndNote: Wording = {
  italian: 'Il file ha righe terminate da LF, come le salvano alcuni programmi: è stato letto con CRLF.',
  english: 'The lines of the file end in LF, as some programs save them: it was read with CRLF.',
};
const mailboxLineNote: Wording = {
  italian: 'La prima riga del file ("From …") è del formato mbox e non fa parte del messaggio.',
  english: 'The first line of the file ("From …") belongs to the mbox format and not to the message.',
};

/** A message on the wire has CRLF (RFC 5322 §2.1, RFC 8551 §3.1.1); files made elsewhere may not. */
function readFile(file: Uint8Array): { bytes: Uint8Array; notes: Wording[] } {
  const notes: Wording[] = [];
  let bytes = Buffer.from(file.buffer, file.byteOffset, file.length);
  if (bytes.subarray(0, 5).toString('latin1') === 'From ') {
    bytes = bytes.subarray(bytes.indexOf(0x0a) + 1);
    notes.push(mailboxLineNote);
  }
  if (bytes.includes(0x0a) && !bytes.includes('\r\n')) {
    bytes = Buffer.from(bytes.toString('latin1').replaceAll('\n', '\r\n'), 'latin1');
    notes.push(lineEndNote);
  }
  return { bytes, notes };
}

function verify(
  { trust, policy, now }: ReportRequest,
  { bytes, tree, header }: { bytes: Uint8Array; tree: MessagePart; header: HeaderBlock },
): SignatureVerdict | undefined {
  const located = locateSignature(tree);
  if ('code' in located && located.code === 'not-signed') return undefined;
  const cms = 'code' in located ? undefined : partBytes(bytes, located.signature);
  const content = 'code' in located ? undefined : bytes.subarray(located.start, located.end);
  const from = parseAddressList(findFields(header, 'From')[0]?.value ?? '').addresses[0]?.address;
  return verifySignedMessage({
    tree,
    cms: cms ?? new Uint8Array(0),
    contentDigests: content === undefined ? {} : digestsOf(content),
    trust,
    policy,
    now,
    from: from ?? '',
  });
}

function digestsOf(content: Uint8Array) {
  const digest = (name: string) => createHash(name).update(content).digest();
  return {
    sha1: digest('sha1'),
    sha256: digest('sha256'),
    sha384: digest('sha384'),
    sha512: digest('sha512'),
  };
}

function partBytes(bytes: Uint8Array, part: MessagePart | undefined): Uint8Array | undefined {
  if (part === undefined) return undefined;
  return decodeTransfer(part.transferEncoding, bytes.subarray(part.bodyStart, part.bodyEnd));
}

function readData(xml: Uint8Array | undefined): CertificationData | undefined {
  try {
    return xml === undefined ? undefined : parseCertificationData(xml);
  } catch (error) {
    if (error instanceof PecFormatError) return undefined;
    throw error;
  }
}

function findProvider(
  index: ProviderIndex | undefined,
  hash: string | undefined,
): IndexedProvider | undefined {
  return hash === undefined ? undefined : index?.providerByCertificateHash(hash);
}

/** Classifies by form alone, as if signature and origin were right: what the message says it is. */
function classify(
  { header, parts, xml }: ReadMessage,
  signer: { name: string; managedDomains: readonly string[] },
): IncomingKind {
  const signature = { ok: true, problems: [] };
  return classifyIncoming({ header, parts, signature, signer, certificationData: xml });
}

function claimedSigner(header: HeaderBlock) {
  const addresses = findFields(header, 'From').flatMap(({ value }) => parseAddressList(value).addresses);
  return { name: '', managedDomains: addresses.map(({ address }) => domainOf(address)) };
}

/** Origin against the index, then form; nothing for a message that is not signed at all. */
function findObjections(
  read: ReadMessage,
  claimed: IncomingKind,
  provider: IndexedProvider | 'no index' | undefined,
): Wording[] {
  if (read.verdict === undefined) return [];
  const objections: Wording[] = [];
  if ('reason' in claimed && !isAnomalyEnvelope(read.header)) objections.push(claimed.reason);
  if (provider !== 'no index' && read.verdict.certificate !== undefined) {
    const actual = classifyIncoming({
      ...read,
      signature: { ok: true, problems: [] },
      signer: provider,
      certificationData: read.xml,
    });
    if (actual.kind === 'ordinary' && claimed.kind !== 'ordinary') objections.push(actual.reason);
  }
  return objections;
}

/** An anomaly envelope certifies nothing and has no daticert, so it cannot break the form of one that does. */
function isAnomalyEnvelope(header: HeaderBlock): boolean {
  return describeKind(header, undefined, undefined).code === 'anomaly-envelope';
}

function reportSignature(
  verdict: SignatureVerdict | undefined,
  provider: IndexedProvider | undefined,
  trust: Trust,
): ReportedSignature {
  const [, ...issuers] = verdict?.chain ?? [];
  return {
    state: verdict === undefined ? 'absent' : verdict.ok ? 'good' : 'bad',
    signedAt: isoOf(verdict?.signingTime),
    digestAlgorithm: verdict?.digestAlgorithm,
    signer: reportCertificate(verdict),
    issuers: issuers.flatMap((der) => {
      const certificate = readCertificate(der);
      return certificate === undefined ? [] : [describeName(certificate.subjectName)];
    }),
    provider: provider?.name,
    problems: verdict?.problems ?? [],
    revocation: verdict === undefined ? [] : describeRevocation(verdict.chain, trust, verdict.signingTime),
  };
}

function reportCertificate(verdict: SignatureVerdict | undefined): ReportedCertificate | undefined {
  const certificate = verdict?.certificate === undefined ? undefined : readCertificate(verdict.certificate);
  if (certificate === undefined) return undefined;
  return {
    name: describeName(certificate.subjectName),
    organization: findAttribute(certificate.subjectName, nameTypes.organization),
    addresses: mailAddressesOf(certificate.extensions),
    hash: verdict?.certificateHash ?? '',
    serialNumber: certificate.serialNumber,
    validFrom: new Date(certificate.notBefore).toISOString(),
    validTo: new Date(certificate.notAfter).toISOString(),
  };
}

function conclude(report: {
  looksCertified: boolean;
  signature: ReportedSignature;
  objections: readonly Wording[];
  hasIndex: boolean;
}): MessageReport['conclusion'] {
  const { looksCertified, signature, objections, hasIndex } = report;
  // Ordinary mail may well be signed, by its author: that certifies no delivery.
  if (!looksCertified) return 'ordinary';
  if (signature.state !== 'good' || objections.length > 0) return 'invalid';
  return hasIndex ? 'certified' : 'unproved';
}

function isoOf(at: Instant | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString();
}
