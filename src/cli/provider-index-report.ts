/** The provider index as a person and as a program reads it. */
import type { IndexedProvider, ProviderIndex } from '../provider-index/provider-index.ts';
import { hashCertificate, parseCertificate } from '../smime/certificate.ts';
import { describeName } from '../smime/distinguished-name.ts';
import { renderTable } from './table.ts';

export interface DescribedProvider {
  readonly name: string;
  readonly unit?: string;
  readonly mailReceipt: string;
  readonly ldifLocationUrl?: string;
  readonly certificates: readonly {
    readonly sha1: string;
    readonly subject: string;
    /** ISO 8601, as are all times here. */
    readonly notBefore: string;
    readonly notAfter: string;
  }[];
  readonly managedDomains: readonly string[];
}

export interface DescribedIndex {
  readonly fetchedAt: string | undefined;
  readonly providers: readonly DescribedProvider[];
}

export function describeIndex(index: ProviderIndex): DescribedIndex {
  const { fetchedAt } = index;
  return {
    fetchedAt: fetchedAt === undefined ? undefined : new Date(fetchedAt).toISOString(),
    providers: index.all().map(describeProvider),
  };
}

export function describeProvider(provider: IndexedProvider): DescribedProvider {
  const { certificateHashes: _hashes, certificates, managedDomains, ...rest } = provider;
  return {
    ...rest,
    certificates: certificates.map((der) => {
      const { subjectName, notBefore, notAfter } = parseCertificate(der);
      return {
        sha1: hashCertificate(der),
        subject: describeName(subjectName),
        notBefore: new Date(notBefore).toISOString(),
        notAfter: new Date(notAfter).toISOString(),
      };
    }),
    managedDomains,
  };
}

export function renderIndex({ fetchedAt, providers }: DescribedIndex): string {
  const domains = providers.reduce((sum, { managedDomains }) => sum + managedDomains.length, 0);
  const head = ['PROVIDER', 'ENVIRONMENT', 'DOMAINS', 'CERTIFICATES UNTIL', 'MAIL RECEIPT'];
  const rows = providers.map(({ name, unit = '', managedDomains, certificates, mailReceipt }) => [
    name,
    unit,
    String(managedDomains.length),
    certificates.map(({ notAfter }) => notAfter.slice(0, 10)).join(' '),
    mailReceipt,
  ]);
  return [
    `fetched ${fetchedAt ?? 'never'}, ${providers.length} records, ${domains} domains`,
    '',
    renderTable(head, rows),
  ].join('\n');
}

/** Who manages the domain, and with which certificates it signs. */
export function renderAnswer(domain: string, provider: DescribedProvider): string {
  const { name, unit, mailReceipt, certificates } = provider;
  return [
    `${domain} is managed by ${name}${unit === undefined ? '' : ` (${unit})`}`,
    `mail receipt  ${mailReceipt}`,
    ...certificates.map(
      ({ sha1, notBefore, notAfter }) =>
        `certificate   ${sha1}  ${notBefore.slice(0, 10)} to ${notAfter.slice(0, 10)}`,
    ),
  ].join('\n');
}
