/** Whose a recipient is: certified or ordinary, ours or another provider's (RFC 6109 §2.2.1). */
import { createHash } from 'node:crypto';
import { findDomain } from '../accounts/domains.ts';
import type { ReadTransaction } from '../db/database.ts';
import type { Signer } from '../keys/signer.ts';
import { domainOf } from '../mime/address.ts';
import type { IndexedProvider, ProviderIndex } from '../provider-index/provider-index.ts';
import type { PointParts } from './parts.ts';

export interface Standing {
  readonly address: string;
  /** Lower case, A-label. */
  readonly domain: string;
  /** The domain is managed by a PEC provider: posta certificata. */
  readonly certified: boolean;
  /** The domain is managed by this provider. */
  readonly local: boolean;
  /** It is set up here: a domain may stand in the index and be missing here. */
  readonly configured: boolean;
}

type Parts = Pick<PointParts, 'index' | 'signer'>;

/** The standing of each address, in their order. */
export async function readStandings(
  parts: Parts,
  tx: ReadTransaction,
  addresses: readonly string[],
): Promise<Standing[]> {
  const known = new Map<string, Omit<Standing, 'address'>>();
  const standings: Standing[] = [];
  for (const address of addresses) {
    const domain = domainOf(address).toLowerCase();
    let standing = known.get(domain);
    if (standing === undefined) {
      standing = await readStanding(parts, tx, domain);
      known.set(domain, standing);
    }
    standings.push({ address, ...standing });
  }
  return standings;
}

async function readStanding(
  parts: Parts,
  tx: ReadTransaction,
  domain: string,
): Promise<Omit<Standing, 'address'>> {
  if ((await findDomain(tx, domain)) !== undefined)
    return { domain, certified: true, local: true, configured: true };
  const provider = parts.index().providerOf(domain);
  if (provider === undefined) return { domain, certified: false, local: false, configured: false };
  // A domain the index gives to us but that is not set up here is ours to fail: errore "no-dominio".
  return { domain, certified: true, local: isOwnRecord(parts, provider), configured: false };
}

/** True when the index record carries the certificate this provider signs with. */
export function isOwnRecord({ signer }: Pick<PointParts, 'signer'>, record: IndexedProvider): boolean {
  const own = signer.chain[0];
  return own !== undefined && record.certificateHashes.includes(hashCertificate(own));
}

/** `providerCertificateHash`: SHA-1 of the DER certificate, lower-case hex (RFC 6109 §4.5.1). */
export function hashCertificate(certificate: Uint8Array): string {
  return createHash('sha1').update(certificate).digest('hex');
}

/** This provider's entry in the index: the one with the certificate it signs with. */
export function findOwnRecord({ chain }: Signer, index: ProviderIndex): IndexedProvider | undefined {
  const own = chain[0];
  return own === undefined ? undefined : index.providerByCertificateHash(hashCertificate(own));
}
