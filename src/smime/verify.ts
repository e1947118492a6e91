/**
 * Verification of S/MIME and CMS signatures (RFC 5652 §5.6, RFC 8551, RFC 6109 §2.2.2) into a verdict. Digest,
 * signed attributes, signature, signer's profile, chain, validity, revocation: everything that is wrong is
 * listed, not only the first thing. Pure: the time and all certificates come in as values. Never throws for
 * what a message holds; the work is bounded by the limits of the reader and of the path search.
 */
import { createHash, verify } from 'node:crypto';
import type { Instant } from '../lib/time.ts';
import type { MessagePart } from '../mime/message-part.ts';
import { type Certificate, hashCertificate, publicKeyOf, readRecentCertificate } from './certificate.ts';
import { checkChain } from './chain.ts';
import { oids } from './oids.ts';
import { describeInstant, problem, type SignatureProblem } from './problems.ts';
import { listSignedEncodings, readSignedAttributes, type SignedAttributes } from './signed-attributes.ts';
import { isProblem, readSignedData, type SignedDataFields, type SignerFields } from './signed-data-reader.ts';
import { locateSignature } from './signed-parts.ts';
import { checkSigner } from './signer-profile.ts';
import type { Trust, VerificationPolicy } from './trust.ts';

export type DigestName = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** Digests of the signed bytes, those the caller made; one that the signature needs and is absent is a problem. */
export type ContentDigests = Readonly<Partial<Record<DigestName, Uint8Array>>>;

export interface SignatureVerdict {
  /** True if there is no problem at all. */
  readonly ok: boolean;
  /** The signer's certificate, DER; undefined when it could not be found. */
  readonly certificate: Uint8Array | undefined;
  /** SHA-1 of it, 40 lower-case hex digits, to look up in the provider index (RFC 6109 §4.5.1). */
  readonly certificateHash: string | undefined;
  readonly signingTime: Instant | undefined;
  readonly digestAlgorithm: DigestName | undefined;
  /** DER from the signer to the anchor, as far as it could be built. */
  readonly chain: readonly Uint8Array[];
  readonly problems: readonly SignatureProblem[];
}

export interface VerificationRequest {
  readonly cms: Uint8Array;
  readonly trust: Trust;
  readonly policy: VerificationPolicy;
  readonly now: Instant;
  /** Address in From, bare; undefined to leave the comparison out. */
  readonly from?: string;
}

export interface DetachedVerification extends VerificationRequest {
  readonly contentDigests: ContentDigests;
}

export interface MessageVerification extends DetachedVerification {
  /** The part tree of the whole message: its top level must be the multipart/signed. */
  readonly tree: MessagePart;
}

/** A signature part has a few thousand bytes; real ones stay under 10,000. */
const largestDetached = 1 << 20;
/** A signed file is held in memory whole. */
const largestAttached = 64 << 20;

/** A signed message: `cms` is the decoded signature part, the digests are of the first part, header and all. */
export function verifySignedMessage(request: MessageVerification): SignatureVerdict {
  const located = locateSignature(request.tree);
  return 'code' in located ? refuse([located]) : verifyDetached(request);
}

/** A detached signature over bytes whose digests are given. */
export function verifyDetached(request: DetachedVerification): SignatureVerdict {
  const fields = readSignedData(request.cms, largestDetached);
  if (isProblem(fields)) return refuse([fields]);
  const inside = fields.content === undefined ? [] : [problem('content-inside')];
  return judge(fields, request, inside);
}

/** A file with its content inside (.p7m); the content is given back only with a verdict beside it. */
export function verifyAttached(request: VerificationRequest): {
  readonly verdict: SignatureVerdict;
  readonly content: Uint8Array | undefined;
} {
  const fields = readSignedData(request.cms, largestAttached);
  if (isProblem(fields)) return { verdict: refuse([fields]), content: undefined };
  const { content } = fields;
  if (content === undefined) return { verdict: refuse([problem('content-missing')]), content };
  const digestName = digestNames.get(fields.signers[0]?.digestAlgorithm ?? '');
  const contentDigests = digestName === undefined ? {} : { [digestName]: digest(digestName, content) };
  return { verdict: judge(fields, { ...request, contentDigests }, []), content };
}

/** Which digest a signature needs, before the content is read a second time; undefined when it says none. */
export function peekDigestAlgorithm(cms: Uint8Array): DigestName | undefined {
  const fields = readSignedData(cms, largestDetached);
  return isProblem(fields) ? undefined : digestNames.get(fields.signers[0]?.digestAlgorithm ?? '');
}

function judge(
  fields: SignedDataFields,
  request: DetachedVerification,
  before: readonly SignatureProblem[],
): SignatureVerdict {
  const [signer, second] = fields.signers;
  if (signer === undefined) return refuse([...before, problem('signer-missing')]);
  if (second !== undefined) return refuse([...before, problem('several-signers')]);
  const found = fields.certificates.flatMap((der) => readRecentCertificate(der) ?? []);
  const certificate = findSigner([...found, ...request.trust.intermediates], signer);
  const attributes = readAttributes(fields, signer);
  const digestAlgorithm = digestNames.get(signer.digestAlgorithm ?? '');
  const problems = [
    ...before,
    ...(fields.contentType === oids.contentTypeData
      ? []
      : [problem('content-type-wrong', fields.contentType)]),
    ...attributes.problems,
    ...checkDigest(attributes, digestAlgorithm, request.contentDigests),
    ...checkSigningTime(attributes.signingTime, request.now),
  ];
  const facts = { signingTime: attributes.signingTime, digestAlgorithm };
  if (certificate === undefined)
    return { ...refuse([...problems, problem('signer-certificate-missing')]), ...facts };
  const chain = judgeCertificate(certificate, found, { request, signingTime: attributes.signingTime });
  problems.push(...checkSignature(signer, certificate, digestAlgorithm), ...chain.problems);
  return {
    ok: problems.length === 0,
    certificate: Uint8Array.from(certificate.der),
    certificateHash: hashCertificate(certificate.der),
    ...facts,
    chain: chain.path.map(({ der }) => Uint8Array.from(der)),
    problems,
  };
}

function judgeCertificate(
  certificate: Certificate,
  found: readonly Certificate[],
  { request, signingTime }: { request: VerificationRequest; signingTime: Instant | undefined },
) {
  const { trust, policy, now, from } = request;
  const at = policy.mode === 'archive' ? (signingTime ?? now) : now;
  const verdict = checkChain({
    certificate,
    found,
    trust,
    policy,
    instants: signingTime === undefined || signingTime === at ? [at] : [signingTime, at],
    revocationAt: at,
  });
  return { path: verdict.path, problems: [...checkSigner(certificate, policy, from), ...verdict.problems] };
}

/** RFC 5652 §5.3: by issuer and serial number, or by subject key identifier; nothing else is tried. */
function findSigner(
  certificates: readonly Certificate[],
  { identifier }: SignerFields,
): Certificate | undefined {
  return certificates.find(({ serialNumber, issuer, extensions }) =>
    identifier.kind === 'subjectKey'
      ? extensions.subjectKeyIdentifier === identifier.keyIdentifier
      : serialNumber === identifier.serialNumber && Buffer.compare(issuer, identifier.issuer) === 0,
  );
}

/** RFC 8551 §2.5 wants signed attributes, and without them there is no time of signing to check against. */
function readAttributes({ contentType }: SignedDataFields, { attributes }: SignerFields): SignedAttributes {
  if (attributes === undefined)
    return { messageDigest: undefined, signingTime: undefined, problems: [problem('attributes-missing')] };
  return readSignedAttributes(attributes, contentType);
}

function checkDigest(
  { messageDigest }: SignedAttributes,
  name: DigestName | undefined,
  digests: ContentDigests,
): SignatureProblem[] {
  const actual = name === undefined ? undefined : digests[name];
  if (actual === undefined) return [problem('digest-unsupported', name)];
  if (messageDigest === undefined) return [];
  return Buffer.compare(messageDigest, actual) === 0 ? [] : [problem('digest-wrong')];
}

/** Clocks are within a second of UTC by rule (RFC 6109 §4.1); ten minutes forgive a peer that is not. */
function checkSigningTime(signingTime: Instant | undefined, now: Instant): SignatureProblem[] {
  if (signingTime === undefined || signingTime <= now + 600_000) return [];
  return [problem('signing-time-in-future', describeInstant(signingTime))];
}

/** RSASSA-PKCS1-v1_5 over the attributes (RFC 3370 §3.2, RFC 5754 §3.2). */
function checkSignature(
  signer: SignerFields,
  certificate: Certificate,
  digestAlgorithm: DigestName | undefined,
): SignatureProblem[] {
  const expected = signatureDigests.get(signer.signatureAlgorithm ?? '');
  if (
    digestAlgorithm === undefined ||
    expected === undefined ||
    (expected !== 'any' && expected !== digestAlgorithm)
  )
    return [problem('signature-unsupported', signer.signatureAlgorithm)];
  if (signer.attributes === undefined) return [];
  const key = publicKeyOf(certificate);
  if (key?.asymmetricKeyType !== 'rsa' || (key.asymmetricKeyDetails?.modulusLength ?? 0) > 8192)
    return [problem('certificate-broken')];
  const isRight = listSignedEncodings(signer.attributes).some((bytes) =>
    verify(digestAlgorithm, bytes, key, signer.signature),
  );
  return isRight ? [] : [problem('signature-wrong')];
}

function digest(name: DigestName, bytes: Uint8Array): Uint8Array {
  return createHash(name).update(bytes).digest();
}

function refuse(problems: readonly SignatureProblem[]): SignatureVerdict {
  return {
    ok: false,
    certificate: undefined,
    certificateHash: undefined,
    signingTime: undefined,
    digestAlgorithm: undefined,
    chain: [],
    problems,
  };
}

/** SHA-1 as well: some providers still sign with it (pec-wire §1). */
const digestNames: ReadonlyMap<string, DigestName> = new Map([
  [oids.sha1, 'sha1'],
  [oids.sha256, 'sha256'],
  [oids.sha384, 'sha384'],
  [oids.sha512, 'sha512'],
]);

const signatureDigests: ReadonlyMap<string, DigestName | 'any'> = new Map([
  [oids.rsaEncryption, 'any'],
  [oids.sha1WithRsa, 'sha1'],
  [oids.sha256WithRsa, 'sha256'],
  [oids.sha384WithRsa, 'sha384'],
  [oids.sha512WithRsa, 'sha512'],
]);
