/**
 * What is known about the revocation of the certificates under a signature: which list or answer was looked at,
 * and how old it is. Whether one is revoked is for the verdict to say; this tells what the verdict rests on.
 */
import type { Instant } from '../lib/time.ts';
import { type Certificate, hashCertificate, readCertificate } from '../smime/certificate.ts';
import { findListsOf } from '../smime/chain-path.ts';
import { describeName } from '../smime/distinguished-name.ts';
import type { Trust } from '../smime/trust.ts';

export interface ReportedRevocation {
  /** Whose revocation is meant. */
  readonly certificate: string;
  readonly authority: string;
  /** `none`: there was nothing to look at. */
  readonly source: 'list' | 'responder' | 'none';
  /** When list or answer was made, ISO 8601, UTC. */
  readonly madeAt: string | undefined;
  /** False when it was out of date at the time of signing: a revocation between the two is not known. */
  readonly coversSigning: boolean;
}

interface Known {
  readonly source: 'list' | 'responder';
  readonly thisUpdate: Instant;
  readonly nextUpdate: Instant | undefined;
}

/** One for each certificate of the chain but the anchor; `chain` is DER, the signer's first. */
export function describeRevocation(
  chain: readonly Uint8Array[],
  trust: Trust,
  signingTime: Instant | undefined,
): ReportedRevocation[] {
  const path = chain.flatMap((der) => readCertificate(der) ?? []);
  return path.slice(0, -1).flatMap((certificate, index) => {
    const issuer = path[index + 1];
    if (issuer === undefined) return [];
    const newest = findNewest(certificate, issuer, trust);
    return [
      {
        certificate: describeName(certificate.subjectName),
        authority: describeName(issuer.subjectName),
        source: newest?.source ?? 'none',
        madeAt: newest === undefined ? undefined : new Date(newest.thisUpdate).toISOString(),
        coversSigning: newest !== undefined && covers(newest, signingTime),
      },
    ];
  });
}

function findNewest(certificate: Certificate, issuer: Certificate, trust: Trust): Known | undefined {
  const status = trust.statuses?.get(hashCertificate(certificate.der));
  const known: Known[] = findListsOf(trust, issuer).map((list) => ({ ...list, source: 'list' }));
  if (status !== undefined && status.state !== 'unknown') known.push({ ...status, source: 'responder' });
  return known.sort((a, b) => b.thisUpdate - a.thisUpdate)[0];
}

function covers({ thisUpdate, nextUpdate }: Known, signingTime: Instant | undefined): boolean {
  return signingTime !== undefined && signingTime <= (nextUpdate ?? thisUpdate);
}
