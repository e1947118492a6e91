/**
 * What an arriving message is (RFC 6109 §2.2.2): the part whose signature was verified is the part that is
 * used, found by the same tree.
 */
import { collectSegments, hashSegments } from '../blob/read-segments.ts';
import { lowerAscii } from '../lib/bytes.ts';
import { MailError } from '../lib/mail-error.ts';
import { sliceSegments } from '../lib/segments.ts';
import type { Instant } from '../lib/time.ts';
import { domainOf, parseAddressList } from '../mime/address.ts';
import { firstField, type HeaderBlock, parseHeaderBlock } from '../mime/header.ts';
import type { MessagePart } from '../mime/message-part.ts';
import { decodeTransfer } from '../mime/transfer.ts';
import { classifyIncoming, type IncomingKind } from '../pec/incoming-classification.ts';
import { findPecParts, type PecParts } from '../pec/pec-parts.ts';
import type { IndexedProvider, ProviderIndex } from '../provider-index/provider-index.ts';
import {
  type ContentDigests,
  peekDigestAlgorithm,
  type SignatureVerdict,
  verifySignedMessage,
} from '../smime/verify.ts';
import type { Intake } from './intake.ts';
import type { PointParts } from './parts.ts';

export interface IncomingReading {
  readonly header: HeaderBlock;
  readonly parts: PecParts | undefined;
  readonly kind: IncomingKind;
  /** The index entry of whoever signed; undefined for ordinary mail. */
  readonly signer: IndexedProvider | undefined;
}

/** Real daticert.xml and smime.p7s have a few thousand bytes; what is larger is not certified mail. */
const largestPart = 4 * 1024 * 1024;

export async function readIncoming(parts: PointParts, intake: Intake, at: Instant): Promise<IncomingReading> {
  const header = parseHeaderBlock(intake.head);
  const pecParts = findPecParts(intake.tree);
  const from = parseAddressList(firstField(header, 'From')?.value ?? '').addresses[0]?.address;
  const verdict = pecParts === undefined ? undefined : await verify(parts, { intake, from, pecParts, at });
  const hash = verdict?.certificateHash;
  const index = parts.index();
  const signer = hash === undefined ? undefined : index.providerByCertificateHash(hash);
  if (verdict !== undefined) deferWhileUnknown(verdict, { index, signer, from });
  const kind = classifyIncoming({
    header,
    parts: pecParts,
    signature: verdict ?? { ok: false, problems: [] },
    signer,
    certificationData: await readPart(parts, intake, pecParts?.certificationData),
  });
  return { header, parts: pecParts, kind, signer };
}

/** What time heals: no fresh revocation list could be had; one of the two clocks is wrong. */
const passing: Readonly<Record<string, string>> = {
  'revocation-unknown': 'The revocation status of the signing certificate cannot be told now',
  'revocation-stale': 'The revocation status of the signing certificate cannot be told now',
  'signing-time-in-future': 'The time of signing lies in the future by the clock of this server',
};

interface Origin {
  readonly index: ProviderIndex;
  readonly signer: IndexedProvider | undefined;
  /** First address in From. */
  readonly from: string | undefined;
}

/**
 * "Cannot tell" is neither good nor bad, and a refusal would be for good: the other provider keeps the message and
 * comes again, for at most 24 hours.
 * @throws {MailError} 451 4.7.5 when nothing is wrong with what a provider signed but what time heals.
 */
function deferWhileUnknown(verdict: SignatureVerdict, origin: Origin): void {
  const texts = verdict.problems.map(({ code }) => passing[code]);
  if (texts.includes(undefined)) return;
  const [first] = texts;
  if (isLaterThanIndex(verdict, origin)) throw cannotTell(unknownYet);
  if (origin.signer !== undefined && first !== undefined) throw cannotTell(first);
}

const unknownYet = 'The signer is not in our copy of the provider index, which is older than the message';

function cannotTell(text: string): MailError {
  return new MailError('temporary', `${text}, please try again later`, { code: 451, enhanced: '4.7.5' });
}

/**
 * True for what the copy of the index does not vouch for and may not know yet: a new certificate, a new provider, a
 * domain that has come to it. RFC 6109 §4.5 renews the copy daily; the next one decides, whatever it says. The authority
 * of the providers has vouched already for the key and its address in From, so strangers do not get here.
 */
function isLaterThanIndex(
  { signingTime }: SignatureVerdict,
  { index: { fetchedAt }, signer, from }: Origin,
): boolean {
  if (signingTime === undefined || fetchedAt === undefined || signingTime <= fetchedAt) return false;
  const domain = from === undefined ? undefined : domainOf(from);
  return signer === undefined || !signer.managedDomains.some((each) => lowerAscii(each) === domain);
}

interface Signed {
  readonly intake: Intake;
  readonly from: string | undefined;
  readonly pecParts: PecParts;
  readonly at: Instant;
}

async function verify(
  parts: PointParts,
  { intake, from, pecParts, at }: Signed,
): Promise<SignatureVerdict | undefined> {
  const cms = await readPart(parts, intake, pecParts.signature);
  if (cms === undefined) return undefined;
  return verifySignedMessage({
    tree: intake.tree,
    cms,
    contentDigests: await digestContent(parts, intake, { cms, signed: pecParts.mixed }),
    trust: parts.trust(),
    policy: { mode: 'live', profile: 'provider', revocation: parts.revocation },
    now: at,
    ...(from === undefined ? {} : { from }),
  });
}

/** Of the signed part, header and all; SHA-1 and SHA-256 are what providers send (pec-wire §1). */
async function digestContent(
  parts: PointParts,
  intake: Intake,
  { cms, signed }: { readonly cms: Uint8Array; readonly signed: MessagePart },
): Promise<ContentDigests> {
  const algorithm = peekDigestAlgorithm(cms);
  if (algorithm !== 'sha1' && algorithm !== 'sha256') return {};
  const content = sliceSegments(intake.segments, signed.headerStart, signed.bodyEnd);
  return { [algorithm]: await hashSegments(parts.blobs, content, algorithm) };
}

/** The part's content decoded; undefined when there is none or it is too large to be one of ours. */
async function readPart(
  parts: PointParts,
  intake: Intake,
  part: MessagePart | undefined,
): Promise<Uint8Array | undefined> {
  if (part === undefined || part.bodyEnd - part.bodyStart > largestPart) return undefined;
  const encoded = sliceSegments(intake.segments, part.bodyStart, part.bodyEnd);
  return decodeTransfer(part.transferEncoding, await collectSegments(parts.blobs, encoded, largestPart));
}
