/**
 * What an arriving message is (RFC 6109 §2.2.2): the part whose signature was verified is the part that is
 * used, found by the same tree.
 */
import { collectSegments, hashSegments } from '../blob/read-segments.ts';
import { MailError } from '../lib/mail-error.ts';
import { sliceSegments } from '../lib/segments.ts';
import type { Instant } from '../lib/time.ts';
import { parseAddressList } from '../mime/address.ts';
import { firstField, type HeaderBlock, parseHeaderBlock } from '../mime/header.ts';
import type { MessagePart } from '../mime/message-part.ts';
import { decodeTransfer } from '../mime/transfer.ts';
import { classifyIncoming, type IncomingKind } from '../pec/incoming-classification.ts';
import { findPecParts, type PecParts } from '../pec/pec-parts.ts';
import type { IndexedProvider } from '../provider-index/provider-index.ts';
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
  const verdict = pecParts === undefined ? undefined : await verify(parts, { intake, header, pecParts, at });
  const hash = verdict?.certificateHash;
  const signer = hash === undefined ? undefined : parts.index().providerByCertificateHash(hash);
  if (verdict !== undefined && signer !== undefined) deferWhileUnknown(verdict);
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

/**
 * "Cannot tell" is neither good nor bad, and a refusal would be for good: the other provider keeps the message and
 * comes again, for at most 24 hours.
 * @throws {MailError} 451 4.7.5 when nothing is wrong with what a provider signed but what time heals.
 */
function deferWhileUnknown({ problems }: SignatureVerdict): void {
  const texts = problems.map(({ code }) => passing[code]);
  const [first] = texts;
  if (first === undefined || texts.includes(undefined)) return;
  throw new MailError('temporary', `${first}, please try again later`, { code: 451, enhanced: '4.7.5' });
}

interface Signed {
  readonly intake: Intake;
  readonly header: HeaderBlock;
  readonly pecParts: PecParts;
  readonly at: Instant;
}

async function verify(
  parts: PointParts,
  { intake, header, pecParts, at }: Signed,
): Promise<SignatureVerdict | undefined> {
  const cms = await readPart(parts, intake, pecParts.signature);
  if (cms === undefined) return undefined;
  const from = parseAddressList(firstField(header, 'From')?.value ?? '').addresses[0]?.address;
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
