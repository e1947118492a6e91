/**
 * Verification of a TimeStampToken (RFC 3161 §2.2, §2.3, RFC 5816): the digest, the signature, the authority's
 * certificate and its chain. Pure: anchors and times come in as values. Never throws for what a token holds;
 * everything that is wrong is listed.
 */
import { createHash, hash, type KeyObject, verify } from 'node:crypto';
import { type BerElement, BerError, contentOf, readOid } from '../lib/ber.ts';
import type { Instant } from '../lib/time.ts';
import { type Certificate, publicKeyOf, readCertificate } from '../smime/certificate.ts';
import { checkChain } from '../smime/chain.ts';
import { oids } from '../smime/oids.ts';
import { listSignedEncodings, readSignedAttributes } from '../smime/signed-attributes.ts';
import {
  isProblem,
  readSignedData,
  type SignedDataFields,
  type SignerFields,
} from '../smime/signed-data-reader.ts';
import type { Trust, VerificationPolicy } from '../smime/trust.ts';
import { type MessageImprint, sameImprint } from './message-imprint.ts';
import { tsaOids } from './oids.ts';
import { readTstInfo, type TstInfo } from './stamp-content.ts';

export interface TimeStampVerification {
  /** DER TimeStampToken. */
  readonly token: Uint8Array;
  readonly imprint: MessageImprint;
  /** Authorities of time stamping to believe. */
  readonly trust: Trust;
  /** The nonce that was asked with; the token must have the same. */
  readonly nonce?: Uint8Array;
  /** When given, the certificates must be valid then as well as at the time of the stamp. */
  readonly now?: Instant;
}

export interface TimeStampVerdict {
  readonly ok: boolean;
  /** What the token says; undefined when it cannot be read. */
  readonly time: Instant | undefined;
  /** Dotted OID. */
  readonly policy: string | undefined;
  /** DER from the authority's certificate to the anchor, as far as it could be built. */
  readonly chain: readonly Uint8Array[];
  /** English, one sentence each without a full stop. */
  readonly problems: readonly string[];
}

const largestToken = 256 * 1024;

/** The certificate must have been good when the stamp was made; that it expired later harms nothing. */
const policy: VerificationPolicy = {
  mode: 'archive',
  profile: 'any',
  revocation: 'none',
  purpose: 'time-stamping',
};

export function verifyTimeStamp(request: TimeStampVerification): TimeStampVerdict {
  const fields = readSignedData(request.token, largestToken);
  if (isProblem(fields)) return refuse('the token cannot be read');
  const info = readInfo(fields);
  if (info === undefined) return refuse('the token holds no time stamp');
  const [signer, second] = fields.signers;
  if (signer?.attributes === undefined || second !== undefined)
    return { ...refuse('the token does not have exactly one signature with attributes'), time: info.time };
  const found = fields.certificates.flatMap((der) => readCertificate(der) ?? []);
  const certificate = [...found, ...request.trust.intermediates, ...request.trust.anchors].find((each) =>
    isSigner(each, signer),
  );
  const problems = [...checkInfo(info, request), ...checkAttributes(fields, signer)];
  const facts = { time: info.time, policy: info.policy };
  if (certificate === undefined)
    return {
      ok: false,
      ...facts,
      chain: [],
      problems: [...problems, "the certificate of the token's authority is missing"],
    };
  const chain = checkChain({
    certificate,
    found,
    trust: request.trust,
    policy,
    instants: request.now === undefined ? [info.time] : [info.time, request.now],
    revocationAt: info.time,
  });
  problems.push(
    ...checkSignature(signer, certificate),
    ...checkNamedCertificate(signer.attributes, certificate),
    ...checkPurpose(certificate),
    ...chain.problems.map(({ text }) => text),
  );
  return {
    ok: problems.length === 0,
    ...facts,
    chain: chain.path.map(({ der }) => Uint8Array.from(der)),
    problems,
  };
}

/** What a token says, without any check of who says it; undefined when it is no token. */
export function readTimeStamp(token: Uint8Array): TstInfo | undefined {
  const fields = readSignedData(token, largestToken);
  return isProblem(fields) ? undefined : readInfo(fields);
}

function readInfo({ contentType, content }: SignedDataFields): TstInfo | undefined {
  if (contentType !== tsaOids.tstInfo || content === undefined) return undefined;
  try {
    return readTstInfo(content);
  } catch (error) {
    if (error instanceof BerError) return undefined;
    throw error;
  }
}

function isSigner({ serialNumber, issuer, extensions }: Certificate, { identifier }: SignerFields): boolean {
  return identifier.kind === 'subjectKey'
    ? extensions.subjectKeyIdentifier === identifier.keyIdentifier
    : serialNumber === identifier.serialNumber && Buffer.compare(issuer, identifier.issuer) === 0;
}

function checkInfo(info: TstInfo, { imprint, nonce }: TimeStampVerification): string[] {
  const problems: string[] = [];
  if (!sameImprint(info.imprint, imprint)) problems.push('the time stamp is over something else');
  const sameNonce =
    nonce === undefined || (info.nonce !== undefined && Buffer.compare(info.nonce, nonce) === 0);
  if (!sameNonce) problems.push('the token answers another request (the nonce differs)');
  return problems;
}

/** §2.4.2 of RFC 3161 and §11 of RFC 5652; the time of signing inside CMS is not asked for. */
function checkAttributes({ contentType, content }: SignedDataFields, signer: SignerFields): string[] {
  const { attributes } = signer;
  const digestName = digestNames.get(signer.digestAlgorithm ?? '');
  if (attributes === undefined || content === undefined) return ['the token has no signed attributes'];
  if (digestName === undefined) return ['the digest algorithm of the token is not supported'];
  const { messageDigest, problems } = readSignedAttributes(attributes, contentType);
  const texts = problems.filter(({ code }) => code !== 'signing-time-missing').map(({ text }) => text);
  const actual = createHash(digestName).update(content).digest();
  if (messageDigest !== undefined && !actual.equals(messageDigest)) texts.push('the time stamp was altered');
  return texts;
}

function checkSignature(signer: SignerFields, certificate: Certificate): string[] {
  const digestName = digestNames.get(signer.digestAlgorithm ?? '');
  const algorithm = algorithms.get(signer.signatureAlgorithm ?? '');
  const key = publicKeyOf(certificate);
  if (
    digestName === undefined ||
    algorithm === undefined ||
    key === undefined ||
    !isUsable(key, algorithm.keyType)
  )
    return ['the signature algorithm of the token is not supported'];
  if (algorithm.digest !== undefined && algorithm.digest !== digestName)
    return ['the token names two digest algorithms'];
  const { attributes, signature } = signer;
  const isRight =
    attributes !== undefined &&
    listSignedEncodings(attributes).some((bytes) => verify(digestName, bytes, key, signature));
  return isRight ? [] : ["the signature was not made by the key of the authority's certificate"];
}

function isUsable(key: KeyObject, keyType: string): boolean {
  const { modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  return (
    key.asymmetricKeyType === keyType &&
    (keyType !== 'rsa' || (modulusLength >= 2048 && modulusLength <= 8192))
  );
}

/** RFC 5816 §2.2: the first identifier is of the signer's certificate; one attribute at least must be there. */
function checkNamedCertificate(attributes: BerElement, { der }: Certificate): string[] {
  const named = attributes.children.flatMap((attribute) => readIdentifier(attribute));
  if (named.length === 0) return ["the token does not name its authority's certificate"];
  const isRight = named.every(
    ({ digestName, value }) => Buffer.compare(hash(digestName, der, 'buffer'), value) === 0,
  );
  return isRight ? [] : ["the token names another certificate as its authority's"];
}

/** Attribute { type, SET { SEQUENCE { certs SEQUENCE { ESSCertID, … } } } } */
function readIdentifier({
  children: [type, values],
}: BerElement): { digestName: string; value: Uint8Array }[] {
  const oid = readOid(type);
  if (oid !== tsaOids.signingCertificate && oid !== tsaOids.signingCertificateV2) return [];
  const identifier = values?.children[0]?.children[0]?.children[0]?.children ?? [];
  const value = identifier.find(({ tag }) => tag === 0x04);
  // The algorithm, where it stands, is the element before the hash; the issuer's name comes after.
  const algorithm = identifier[0]?.tag === 0x30 ? readOid(identifier[0].children[0]) : undefined;
  const digestName = oid === tsaOids.signingCertificate ? 'sha1' : digestNames.get(algorithm ?? oids.sha256);
  if (value === undefined || digestName === undefined)
    return [{ digestName: 'sha256', value: new Uint8Array(0) }];
  return [{ digestName, value: contentOf(value) }];
}

/** §2.3: time stamping and nothing else, and critical. */
function checkPurpose({ extensions: { purposes, purposesCritical, keyUsage } }: Certificate): string[] {
  const isFor = purposes?.length === 1 && purposes[0] === oids.timeStamping && purposesCritical;
  const maySign = keyUsage?.digitalSignature !== false;
  return isFor && maySign ? [] : ["the authority's certificate is not for time stamping alone"];
}

function refuse(text: string): TimeStampVerdict {
  return { ok: false, time: undefined, policy: undefined, chain: [], problems: [text] };
}

const digestNames: ReadonlyMap<string, 'sha256' | 'sha384' | 'sha512'> = new Map([
  [oids.sha256, 'sha256'],
  [oids.sha384, 'sha384'],
  [oids.sha512, 'sha512'],
]);

/** By the OID of the signature; rsaEncryption leaves the digest to the other field (RFC 3370 §3.2). */
const algorithms: ReadonlyMap<string, { keyType: 'rsa' | 'ec'; digest: string | undefined }> = new Map([
  [oids.rsaEncryption, { keyType: 'rsa', digest: undefined }],
  [oids.sha256WithRsa, { keyType: 'rsa', digest: 'sha256' }],
  [oids.sha384WithRsa, { keyType: 'rsa', digest: 'sha384' }],
  [oids.sha512WithRsa, { keyType: 'rsa', digest: 'sha512' }],
  [oids.ecdsaWithSha256, { keyType: 'ec', digest: 'sha256' }],
  [oids.ecdsaWithSha384, { keyType: 'ec', digest: 'sha384' }],
  [oids.ecdsaWithSha512, { keyType: 'ec', digest: 'sha512' }],
]);
