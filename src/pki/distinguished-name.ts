/** Distinguished names as bytes (RFC 5280 §4.1.2.4): the few attributes a PEC certificate has. */
import {
  encodeElement,
  encodeOid,
  encodePrintableString,
  encodeSequence,
  encodeUtf8String,
} from '../lib/der.ts';

export interface DistinguishedName {
  /** ISO 3166 code, two capital letters. */
  readonly country?: string;
  readonly organization?: string;
  readonly unit?: string;
  readonly commonName: string;
}

const attributeTypes = {
  country: encodeOid('2.5.4.6'),
  organization: encodeOid('2.5.4.10'),
  unit: encodeOid('2.5.4.11'),
  commonName: encodeOid('2.5.4.3'),
};

/** RFC 5280 appendix A.1, `ub-common-name` and its like; in characters. */
export const longestNamePart = 64;

/**
 * The RDNSequence C, O, OU, CN, those that are given.
 * @throws {RangeError} when a part is empty or longer than RFC 5280 allows.
 */
export function encodeName(name: DistinguishedName): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const part of ['country', 'organization', 'unit', 'commonName'] as const) {
    const value = name[part];
    if (value === undefined) continue;
    if (value === '' || [...value].length > longestNamePart)
      throw new RangeError(
        `"${value}" cannot stand in a certificate name: 1 to ${longestNamePart} characters`,
      );
    // RFC 5280 appendix A.1: countryName is a PrintableString; the others are written in UTF-8.
    const text = part === 'country' ? encodePrintableString(value) : encodeUtf8String(value);
    parts.push(encodeElement(0x31, encodeSequence(attributeTypes[part], text)));
  }
  return encodeSequence(...parts);
}
