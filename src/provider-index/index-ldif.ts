/**
 * The provider index as LDIF (RFC 6109 §4.5): records to providers and back. Reading is whole or nothing:
 * one wrong record and the file is refused with an `IndexError` that names record and attribute, since half
 * an index would take providers out of the network without a word.
 */
import { isAddress, isDomain, normalizeDomain } from '../mime/address.ts';
import { CertificateError, hashCertificate, parseCertificate } from '../smime/certificate.ts';
import { IndexError } from './index-error.ts';
import {
  buildLdif,
  type LdifEntry,
  LdifError,
  type LdifLine,
  type LdifRecord,
  parseLdif,
  textOf,
} from './ldif.ts';
import type { IndexedProvider } from './provider-index.ts';

export interface IndexContent {
  readonly providers: readonly IndexedProvider[];
  /** `LDIFLocationURL` of `o=postacert`: where the whole index is fetched. */
  readonly ldifLocationUrl: string | undefined;
  /** What is odd but does not make the index unusable, in words. */
  readonly warnings: readonly string[];
}

/** @throws {IndexError} when the bytes are not LDIF, or a record breaks the schema of §4.5. */
export function parseIndex(ldif: Uint8Array): IndexContent {
  const records = readRecords(ldif);
  const providers = records.filter(isProviderRecord).map(readProvider);
  if (providers.length === 0) throw new IndexError('the index holds no provider');
  const base = records.find((record) => normalizeDn(record.dn) === baseDn);
  return {
    providers,
    ldifLocationUrl: base === undefined ? undefined : optionalText(base, 'ldiflocationurl'),
    warnings: [...findSharedDomains(providers), ...findMissingMains(providers)],
  };
}

export interface IndexOutline {
  readonly ldifLocationUrl?: string;
  readonly description?: string;
}

/** The file: `o=postacert`, then each provider, in the order given. Same values, same bytes. */
export function buildIndex(providers: readonly IndexedProvider[], outline: IndexOutline = {}): Uint8Array {
  const base: LdifEntry = {
    dn: 'o=postacert',
    attributes: [
      { name: 'objectclass', value: 'top' },
      { name: 'objectclass', value: 'organization' },
      { name: 'objectClass', value: 'LDIFLocationURLObject' },
      { name: 'o', value: 'postacert' },
      ...optionalLine('LDIFLocationURL', outline.ldifLocationUrl),
      ...optionalLine('description', outline.description),
    ],
  };
  return buildLdif([base, ...providers.map(buildEntry)]);
}

/** The file a provider publishes about itself, all its environments (§4.5): no record of `o=postacert`. */
export function buildOwnRecords(records: readonly IndexedProvider[]): Uint8Array {
  return buildLdif(records.map(buildEntry));
}

const baseDn = 'o=postacert';

function readRecords(ldif: Uint8Array): LdifRecord[] {
  try {
    return parseLdif(ldif);
  } catch (error) {
    if (error instanceof LdifError) throw new IndexError(`the index is not LDIF: ${error.message}`);
    throw error;
  }
}

function isProviderRecord(record: LdifRecord): boolean {
  return valuesOf(record, 'objectclass').some((value) => value.toLowerCase() === 'provider');
}

function readProvider(record: LdifRecord): IndexedProvider {
  if (!normalizeDn(record.dn).endsWith(`,${baseDn}`)) throw broken(record, `it is not below ${baseDn}`);
  const unit = optionalText(record, 'providerunit');
  const ldifLocationUrl = optionalText(record, 'ldiflocationurl');
  const certificates = readCertificates(record);
  return {
    name: requiredText(record, 'providername'),
    ...(unit === undefined ? {} : { unit }),
    mailReceipt: readAddress(record),
    managedDomains: readDomains(record),
    certificates,
    certificateHashes: readHashes(record, certificates),
    ...(ldifLocationUrl === undefined ? {} : { ldifLocationUrl }),
  };
}

function readCertificates(record: LdifRecord): Uint8Array[] {
  const certificates = record.attributes
    .filter(({ type }) => type === 'providercertificate')
    .map(({ value }) => value);
  if (certificates.length === 0) throw broken(record, 'providerCertificate is missing');
  for (const der of certificates) {
    try {
      parseCertificate(der);
    } catch (error) {
      if (error instanceof CertificateError) throw broken(record, `providerCertificate: ${error.message}`);
      throw error;
    }
  }
  return certificates;
}

/** §4.5.1: each hash is of one of the certificates, and each certificate has its hash. */
function readHashes(record: LdifRecord, certificates: readonly Uint8Array[]): string[] {
  const stated = valuesOf(record, 'providercertificatehash').map((value) => value.trim().toLowerCase());
  const actual = certificates.map(hashCertificate);
  const unknown = stated.find((hash) => !actual.includes(hash));
  if (unknown !== undefined)
    throw broken(record, `providerCertificateHash ${unknown} is of no certificate in it`);
  const missing = actual.find((hash) => !stated.includes(hash));
  if (missing !== undefined) throw broken(record, `providerCertificateHash ${missing} is missing`);
  return actual;
}

/** §4.5.4: dot-atom on both sides. */
function readAddress(record: LdifRecord): string {
  const address = requiredText(record, 'mailreceipt').trim();
  if (!isAddress(address)) throw broken(record, `mailReceipt "${address}" is not an address`);
  return address;
}

function readDomains(record: LdifRecord): string[] {
  const domains = valuesOf(record, 'manageddomains').map((value) => {
    // Lower case, A-label form (pec-wire §11); a name without a dot cannot be on the Internet.
    const domain = normalizeDomain(value);
    if (!isDomain(domain) || !domain.includes('.'))
      throw broken(record, `managedDomains "${value}" is not a domain`);
    return domain;
  });
  if (domains.length === 0) throw broken(record, 'managedDomains is missing');
  return [...new Set(domains)];
}

/** A domain that moves between providers can stand in two records for a while; the first one counts. */
function findSharedDomains(providers: readonly IndexedProvider[]): string[] {
  const holders = new Map<string, string>();
  const warnings: string[] = [];
  for (const { name, unit, managedDomains } of providers) {
    const holder = unit === undefined ? name : `${name} (${unit})`;
    for (const domain of managedDomains) {
      const first = holders.get(domain);
      if (first === undefined) holders.set(domain, holder);
      else warnings.push(`domain ${domain} is managed by ${first} and by ${holder}: the first counts`);
    }
  }
  return warnings;
}

/** §4.5.7: every provider has a record without `providerUnit`. */
function findMissingMains(providers: readonly IndexedProvider[]): string[] {
  const mains = new Set(providers.filter(({ unit }) => unit === undefined).map(({ name }) => name));
  return providers
    .filter(({ name, unit }) => unit !== undefined && !mains.has(name))
    .map(({ name, unit }) => `secondary environment ${unit ?? ''} of ${name} has no main record`);
}

function valuesOf(record: LdifRecord, type: string): string[] {
  try {
    return record.attributes.filter((attribute) => attribute.type === type).map(textOf);
  } catch (error) {
    if (error instanceof LdifError) throw broken(record, error.message);
    throw error;
  }
}

function optionalText(record: LdifRecord, type: string): string | undefined {
  const values = valuesOf(record, type);
  if (values.length > 1) throw broken(record, `${type} stands more than once`);
  return values[0];
}

function requiredText(record: LdifRecord, type: string): string {
  const value = optionalText(record, type);
  if (value === undefined || value === '') throw broken(record, `${type} is missing`);
  return value;
}

function broken(record: LdifRecord, reason: string): IndexError {
  return new IndexError(`the record "${record.dn}" (line ${record.line}): ${reason}`);
}

/** Enough to tell whose record it is: case and the blanks around commas and equal signs do not matter. */
function normalizeDn(dn: string): string {
  return dn
    .trim()
    .toLowerCase()
    .replace(/\s*([,=])\s*/g, '$1');
}

function buildEntry(provider: IndexedProvider): LdifEntry {
  const { name, unit, certificates, certificateHashes } = provider;
  const environment = unit === undefined ? '' : `providerUnit=${escapeDn(unit)},`;
  return {
    dn: `${environment}providerName=${escapeDn(name)},${baseDn}`,
    attributes: [
      { name: 'objectclass', value: 'top' },
      { name: 'objectclass', value: 'provider' },
      { name: 'providerName', value: name },
      ...optionalLine('providerUnit', unit),
      ...certificateHashes.map((value) => ({ name: 'providerCertificateHash', value })),
      ...certificates.map((value) => ({ name: 'providerCertificate;binary', value })),
      { name: 'mailReceipt', value: provider.mailReceipt },
      ...optionalLine('LDIFLocationURL', provider.ldifLocationUrl),
      ...provider.managedDomains.map((value) => ({ name: 'managedDomains', value })),
    ],
  };
}

function optionalLine(name: string, value: string | undefined): LdifLine[] {
  return value === undefined ? [] : [{ name, value }];
}

/** RFC 4514 §2.4. */
function escapeDn(value: string): string {
  return value
    .replace(/[,+"\\<>;=]/g, '\\$&')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ');
}
