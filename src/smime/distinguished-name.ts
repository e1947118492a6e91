/**
 * Names inside certificates (RFC 5280 §4.1.2.4), read: for people to see, and to compare with the directory
 * subtrees of name constraints. Lenient about string types; what cannot be read gives an empty text.
 */
import { type BerElement, contentOf, readOid } from '../lib/ber.ts';

export interface NameAttribute {
  readonly type: string;
  readonly text: string;
}

/** The attributes of each RelativeDistinguishedName, in order. */
export type DistinguishedName = readonly (readonly NameAttribute[])[];

/** Reads an RDNSequence; parts that are not attributes are left out. */
export function readName(element: BerElement | undefined): DistinguishedName {
  return (element?.children ?? []).map((set) => set.children.flatMap(readAttribute));
}

/** `C=IT, O=Gestore S.p.A., CN=…`, without control characters: fit for a line of text. */
export function describeName(name: DistinguishedName): string {
  return name
    .flatMap((set) => set.map(({ type, text }) => `${shortNames[type] ?? type}=${printable(text)}`))
    .join(', ');
}

/** The first value of an attribute type (dotted), or undefined. */
export function findAttribute(name: DistinguishedName, type: string): string | undefined {
  return name.flat().find((attribute) => attribute.type === type)?.text;
}

/** True if `name` lies at or below `base`: base is a prefix of it, RDN by RDN (RFC 5280 §4.2.1.10, §7.1). */
export function isWithin(name: DistinguishedName, base: DistinguishedName): boolean {
  return base.length <= name.length && base.every((set, index) => sameSet(set, name[index] ?? []));
}

export const nameTypes = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  emailAddress: '1.2.840.113549.1.9.1',
} as const;

const shortNames: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.97': 'organizationIdentifier',
  '1.2.840.113549.1.9.1': 'emailAddress',
};

function readAttribute(pair: BerElement): NameAttribute[] {
  const [typeElement, value] = pair.children;
  const type = readOid(typeElement);
  return type === undefined || value === undefined ? [] : [{ type, text: readText(value) }];
}

/** The character string types a name may have (RFC 5280 §4.1.2.4 DirectoryString, IA5String). */
export function readText(element: BerElement): string {
  const bytes = Buffer.from(contentOf(element));
  if (element.tag === 0x0c) return bytes.toString('utf8');
  if (element.tag === 0x1e) return bytes.length % 2 === 0 ? bytes.swap16().toString('utf16le') : '';
  return bytes.toString('latin1');
}

function sameSet(a: readonly NameAttribute[], b: readonly NameAttribute[]): boolean {
  return a.length === b.length && a.every((left) => b.some((right) => sameAttribute(left, right)));
}

/** RFC 5280 §7.1: without case, white space compressed. */
function sameAttribute(a: NameAttribute, b: NameAttribute): boolean {
  return a.type === b.type && foldText(a.text) === foldText(b.text);
}

function foldText(text: string): string {
  return text.normalize('NFKC').trim().replace(/\s+/g, ' ').toLowerCase();
}

/** A name comes from outside: no line break or control character of it may reach a terminal or a log. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
}
