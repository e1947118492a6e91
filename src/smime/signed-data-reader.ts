/**
 * CMS SignedData read from BER (RFC 5652 §5): structure only, nothing judged. What cannot be read gives a
 * problem instead of a throw. Limits: 64 MiB, 200,000 elements, 32 certificates kept.
 */
import {
  type BerElement,
  BerError,
  contentOf,
  encodingOf,
  parseBer,
  readOctets,
  readOid,
} from '../lib/ber.ts';
import { readSerialNumber } from './certificate.ts';
import { oids } from './oids.ts';
import { problem, type SignatureProblem } from './problems.ts';

export interface SignedDataFields {
  /** OID of the content; PEC has id-data. */
  readonly contentType: string;
  /** The content when it is inside, else undefined (a detached signature). */
  readonly content: Uint8Array | undefined;
  /** DER of the certificates, in the order found. */
  readonly certificates: readonly Uint8Array[];
  readonly signers: readonly SignerFields[];
}

export interface SignerFields {
  readonly identifier: SignerIdentifier;
  readonly digestAlgorithm: string | undefined;
  /** The signed attributes, `[0] IMPLICIT SET`, or undefined when there are none. */
  readonly attributes: BerElement | undefined;
  readonly signatureAlgorithm: string | undefined;
  readonly signature: Uint8Array;
}

export type SignerIdentifier =
  | { readonly kind: 'issuerAndSerial'; readonly issuer: Uint8Array; readonly serialNumber: string }
  /** Hexadecimal. */
  | { readonly kind: 'subjectKey'; readonly keyIdentifier: string };

/** `largest` in bytes: a signature part has a few thousand, a signed index with its content a few million. */
export function readSignedData(cms: Uint8Array, largest: number): SignedDataFields | SignatureProblem {
  if (cms.length > largest) return problem('cms-too-large', `${cms.length} > ${largest}`);
  try {
    return readContentInfo(parseBer(cms, limits)) ?? problem('cms-broken');
  } catch (error) {
    if (error instanceof BerError) return problem('cms-broken', error.message);
    throw error;
  }
}

export function isProblem(value: SignedDataFields | SignatureProblem): value is SignatureProblem {
  return 'code' in value;
}

const limits = { depth: 40, elements: 200_000 };
const mostCertificates = 32;

function readContentInfo(contentInfo: BerElement): SignedDataFields | undefined {
  const [type, wrapper] = contentInfo.children;
  const signedData = wrapper?.children[0];
  if (contentInfo.tag !== 0x30 || wrapper?.tag !== 0xa0 || signedData?.tag !== 0x30) return undefined;
  if (readOid(type) !== oids.contentTypeSignedData) return undefined;
  // SignedData: version, digestAlgorithms, encapContentInfo, [0] certificates?, [1] crls?, signerInfos
  const [version, digestAlgorithms, encapsulated] = signedData.children;
  const signerInfos = signedData.children.at(-1);
  const contentType = readOid(encapsulated?.children[0]);
  if (version?.tag !== 0x02 || digestAlgorithms?.tag !== 0x31 || encapsulated?.tag !== 0x30) return undefined;
  if (contentType === undefined || signerInfos?.tag !== 0x31) return undefined;
  const octets = encapsulated?.children[1]?.children[0];
  // 0x04 primitive, 0x24 in chunks.
  if (octets !== undefined && (octets.tag & ~0x20) !== 0x04) return undefined;
  const signers = signerInfos.children.map(readSigner);
  if (signers.includes(undefined)) return undefined;
  return {
    contentType,
    content: octets === undefined ? undefined : readOctets(octets),
    certificates: readCertificates(signedData.children.slice(3, -1)),
    signers: signers.flatMap((signer) => (signer === undefined ? [] : [signer])),
  };
}

/** Only X.509 certificates; attribute certificates and others have context tags. */
function readCertificates(elements: readonly BerElement[]): Uint8Array[] {
  const set = elements.find(({ tag }) => tag === 0xa0);
  return (set?.children ?? [])
    .filter(({ tag }) => tag === 0x30)
    .slice(0, mostCertificates)
    .map(encodingOf);
}

/** SignerInfo: version, sid, digestAlgorithm, [0] signedAttrs?, signatureAlgorithm, signature, [1] unsignedAttrs? */
function readSigner({ tag, children }: BerElement): SignerFields | undefined {
  const [version, sid, digestAlgorithm, ...rest] = children;
  if (tag !== 0x30 || version?.tag !== 0x02 || digestAlgorithm?.tag !== 0x30) return undefined;
  const attributes = rest[0]?.tag === 0xa0 ? rest[0] : undefined;
  const [signatureAlgorithm, signature] = attributes === undefined ? rest : rest.slice(1);
  const identifier = readIdentifier(sid);
  if (identifier === undefined || signatureAlgorithm?.tag !== 0x30) return undefined;
  if (signature === undefined || (signature.tag & ~0x20) !== 0x04) return undefined;
  return {
    identifier,
    digestAlgorithm: readOid(digestAlgorithm.children[0]),
    attributes,
    signatureAlgorithm: readOid(signatureAlgorithm.children[0]),
    signature: readOctets(signature),
  };
}

function readIdentifier(sid: BerElement | undefined): SignerIdentifier | undefined {
  if (sid === undefined) return undefined;
  if ((sid.tag & ~0x20) === 0x80)
    return { kind: 'subjectKey', keyIdentifier: Buffer.from(readOctets(sid)).toString('hex') };
  const [issuer, serial] = sid.children;
  if (sid.tag !== 0x30 || issuer === undefined || serial?.tag !== 0x02 || contentOf(serial).length === 0)
    return undefined;
  return { kind: 'issuerAndSerial', issuer: encodingOf(issuer), serialNumber: readSerialNumber(serial) };
}
