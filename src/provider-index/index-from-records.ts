/** A provider index over records in memory: every look-up by a map, whatever the number of domains. */
import { normalizeDomain } from '../mime/address.ts';
import type { IndexedProvider, ProviderIndex } from './provider-index.ts';

/** `fetchedAt`: when the records were obtained, milliseconds since 1970; undefined for none yet. */
export function createIndex(providers: readonly IndexedProvider[], fetchedAt?: number): ProviderIndex {
  const byDomain = new Map<string, IndexedProvider>();
  const byHash = new Map<string, IndexedProvider[]>();
  for (const provider of providers) {
    for (const domain of provider.managedDomains) {
      const key = normalizeDomain(domain);
      // A domain in two records belongs to the first (see `parseIndex`).
      if (!byDomain.has(key)) byDomain.set(key, provider);
    }
    for (const hash of provider.certificateHashes) {
      const key = hash.toLowerCase();
      byHash.set(key, [...(byHash.get(key) ?? []), provider]);
    }
  }
  const merged = new Map([...byHash].map(([hash, records]) => [hash, mergeRecords(records)]));
  return {
    fetchedAt,
    providerOf: (domain) => byDomain.get(normalizeDomain(domain)),
    providerByCertificateHash: (hash) => merged.get(hash.toLowerCase()),
    all: () => providers,
  };
}

/**
 * Environments of one provider may sign with the same certificate (RFC 6109 §4.5.10, second example): whoever
 * asks by hash then sees the main record with the domains of all of them.
 */
function mergeRecords(records: readonly IndexedProvider[]): IndexedProvider | undefined {
  const main = records.find(({ unit }) => unit === undefined) ?? records[0];
  if (main === undefined || records.length === 1) return main;
  return { ...main, managedDomains: [...new Set(records.flatMap(({ managedDomains }) => managedDomains))] };
}
