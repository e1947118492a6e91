/**
 * The extensions of a certificate that a verifier must understand (RFC 5280 §4.2). Throws `BerError` when one
 * of them is broken or stands twice; critical ones it does not know are listed, for the chain check to refuse.
 */
import { type BerElement, BerError, contentOf, parseBer, readOid } from '../lib/ber.ts';
import { type DistinguishedName, readName } from './distinguished-name.ts';
import { oids } from './oids.ts';

export type GeneralName =
  | { readonly kind: 'mail' | 'dns' | 'uri'; readonly text: string }
  | { readonly kind: 'directory'; readonly name: DistinguishedName }
  | { readonly kind: 'ip'; readonly bytes: Uint8Array }
  | { readonly kind: 'other' };

export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

export interface KeyUsage {
  readonly critical: boolean;
  readonly digitalSignature: boolean;
  readonly keyCertSign: boolean;
  readonly crlSign: boolean;
}

export interface Extensions {
  readonly keyUsage: KeyUsage | undefined;
  /** Purposes, dotted; undefined when the extension is absent. */
  readonly purposes: readonly string[] | undefined;
  /** Whether that extension is critical. */
  readonly purposesCritical: boolean;
  readonly basicConstraints:
    | { readonly authority: boolean; readonly pathLength: number | undefined }
    | undefined;
  readonly alternativeNames: readonly GeneralName[];
  readonly nameConstraints: NameConstraints | undefined;
  /** Hexadecimal. */
  readonly subjectKeyIdentifier: string | undefined;
  readonly authorityKeyIdentifier: string | undefined;
  /** `http:` and `https:` addresses of revocation lists. */
  readonly crlUrls: readonly string[];
  /** `http:` and `https:` addresses of OCSP responders. */
  readonly ocspUrls: readonly string[];
  /** Critical extensions not understood here. */
  readonly unknownCritical: readonly string[];
}

interface RawExtension {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: BerElement;
}

/** From the elements of the SEQUENCE OF Extension. */
export function readExtensions(list: readonly BerElement[]): Extensions {
  const byOid = new Map<string, RawExtension>();
  for (const extension of list.map(readExtension)) {
    // §4.2: a certificate must not have two instances of one extension.
    if (byOid.has(extension.oid)) throw new BerError('an extension stands twice');
    byOid.set(extension.oid, extension);
  }
  const findValue = (oid: string) => byOid.get(oid)?.value;
  return {
    keyUsage: readKeyUsage(byOid.get(oids.keyUsage)),
    purposes: findValue(oids.extKeyUsage)?.children.map((purpose) => readOid(purpose) ?? ''),
    purposesCritical: byOid.get(oids.extKeyUsage)?.critical === true,
    basicConstraints: readBasicConstraints(findValue(oids.basicConstraints)),
    alternativeNames: (findValue(oids.subjectAltName)?.children ?? []).map(readGeneralName),
    nameConstraints: readNameConstraints(findValue(oids.nameConstraints)),
    subjectKeyIdentifier: hexOf(findValue(oids.subjectKeyIdentifier)),
    authorityKeyIdentifier: hexOf(
      findValue(oids.authorityKeyIdentifier)?.children.find((child) => child.tag === 0x80),
    ),
    crlUrls: readCrlUrls(findValue(oids.crlDistributionPoints)),
    ocspUrls: readOcspUrls(findValue(oids.authorityInfoAccess)),
    unknownCritical: [...byOid.values()]
      .filter(({ oid, critical }) => critical && !understood.has(oid))
      .map(({ oid }) => oid),
  };
}

/** The rfc822Name entries of subjectAltName. */
export function mailAddressesOf({ alternativeNames }: Extensions): readonly string[] {
  return alternativeNames.flatMap((name) => (name.kind === 'mail' ? [name.text] : []));
}

/** One Extension: OID, critical (default false), and the parsed content of its OCTET STRING. */
export function readExtension(element: BerElement): RawExtension {
  const [first, second, third] = element.children;
  const oid = readOid(first);
  const octets = third ?? second;
  if (oid === undefined || octets === undefined || octets.tag !== 0x04)
    throw new BerError('an extension lacks its value');
  const critical = third !== undefined && second?.tag === 0x01 && contentOf(second)[0] !== 0;
  return { oid, critical, value: parseBer(contentOf(octets)) };
}

/** Policies are not constrained here, so a critical certificatePolicies asks nothing of us (§6.1.2 d). */
const understood: ReadonlySet<string> = new Set([
  oids.keyUsage,
  oids.extKeyUsage,
  oids.basicConstraints,
  oids.subjectAltName,
  oids.nameConstraints,
  oids.subjectKeyIdentifier,
  oids.authorityKeyIdentifier,
  oids.crlDistributionPoints,
  oids.certificatePolicies,
]);

function readKeyUsage(extension: RawExtension | undefined): KeyUsage | undefined {
  if (extension === undefined) return undefined;
  const first = contentOf(extension.value)[1] ?? 0;
  return {
    critical: extension.critical,
    digitalSignature: (first & 0x80) !== 0,
    keyCertSign: (first & 0x04) !== 0,
    crlSign: (first & 0x02) !== 0,
  };
}

function readBasicConstraints(value: BerElement | undefined): Extensions['basicConstraints'] {
  if (value === undefined) return undefined;
  const flag = value.children.find((child) => child.tag === 0x01);
  const length = value.children.find((child) => child.tag === 0x02);
  return {
    authority: flag !== undefined && contentOf(flag)[0] !== 0,
    pathLength:
      length === undefined ? undefined : contentOf(length).reduce((sum, byte) => sum * 256 + byte, 0),
  };
}

function readNameConstraints(value: BerElement | undefined): NameConstraints | undefined {
  if (value === undefined) return undefined;
  const subtrees = (tag: number) =>
    (value.children.find((child) => child.tag === tag)?.children ?? []).map((subtree) => {
      const [base] = subtree.children;
      return base === undefined ? ({ kind: 'other' } as const) : readGeneralName(base);
    });
  return { permitted: subtrees(0xa0), excluded: subtrees(0xa1) };
}

/** §4.2.1.6, by context tag. */
function readGeneralName(element: BerElement): GeneralName {
  const text = () => Buffer.from(contentOf(element)).toString('latin1');
  switch (element.tag) {
    case 0x81:
      return { kind: 'mail', text: text() };
    case 0x82:
      return { kind: 'dns', text: text() };
    case 0x86:
      return { kind: 'uri', text: text() };
    case 0xa4:
      return { kind: 'directory', name: readName(element.children[0]) };
    case 0x87:
      return { kind: 'ip', bytes: contentOf(element) };
    default:
      return { kind: 'other' };
  }
}

/** §4.2.1.13: DistributionPoint { [0] DistributionPointName { [0] fullName GeneralNames } }. */
function readCrlUrls(value: BerElement | undefined): string[] {
  const names = (value?.children ?? [])
    .flatMap((point) => point.children.filter((child) => child.tag === 0xa0))
    .flatMap((name) => name.children.filter((child) => child.tag === 0xa0))
    .flatMap((full) => full.children.map(readGeneralName));
  return names.flatMap(readWebAddress);
}

/** §4.2.2.1: SEQUENCE OF AccessDescription { accessMethod, accessLocation }. */
function readOcspUrls(value: BerElement | undefined): string[] {
  return (value?.children ?? []).flatMap(({ children: [method, location] }) =>
    readOid(method) === oids.ocsp && location !== undefined ? readWebAddress(readGeneralName(location)) : [],
  );
}

function readWebAddress(name: GeneralName): string[] {
  return name.kind === 'uri' && /^https?:/i.test(name.text) ? [name.text] : [];
}

function hexOf(element: BerElement | undefined): string | undefined {
  return element === undefined ? undefined : Buffer.from(contentOf(element)).toString('hex');
}
