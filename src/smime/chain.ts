/**
 * From a signer's certificate to a trusted authority (RFC 5280 §6), everything given as values. All paths are
 * tried within a budget, since an authority is renewed with the same name and key, and the first without a
 * problem is taken. Never throws; the work is bounded whatever certificates a message brings.
 */
import type { Instant } from '../lib/time.ts';
import type { Certificate } from './certificate.ts';
import { checkPath } from './chain-path.ts';
import { describeName } from './distinguished-name.ts';
import type { SignatureProblem } from './problems.ts';
import { problem } from './problems.ts';
import { isSignedBy } from './structure-signature.ts';
import type { Trust, VerificationPolicy } from './trust.ts';

export interface ChainRequest {
  readonly certificate: Certificate;
  /** Certificates found in the signature: possible issuers, never trusted by themselves. */
  readonly found: readonly Certificate[];
  readonly trust: Trust;
  readonly policy: VerificationPolicy;
  /** Every certificate of the path must be valid at each of these. */
  readonly instants: readonly Instant[];
  /** The time revocation lists must cover. */
  readonly revocationAt: Instant;
}

export interface ChainVerdict {
  /** The certificate, its issuer, … the anchor; as far as it could be built. */
  readonly path: readonly Certificate[];
  readonly problems: readonly SignatureProblem[];
}

const longestPath = 6;
/** Signatures checked while looking for a path. */
const signatureBudget = 32;

/** The best path to an anchor and what is wrong with it; no problems means the chain is good. */
export function checkChain(request: ChainRequest): ChainVerdict {
  const search: Search = { request, signaturesLeft: signatureBudget, best: undefined, longest: [] };
  follow(search, [request.certificate]);
  if (search.best !== undefined) return search.best;
  const last = search.longest.at(-1) ?? request.certificate;
  return { path: search.longest, problems: [problem('chain-incomplete', describeName(last.issuerName))] };
}

interface Search {
  readonly request: ChainRequest;
  signaturesLeft: number;
  best: ChainVerdict | undefined;
  longest: readonly Certificate[];
}

/** Depth first; stops at the first path without problems. */
function follow(search: Search, path: readonly Certificate[]): void {
  if (path.length > search.longest.length) search.longest = path;
  const last = path.at(-1);
  if (last === undefined) return;
  if (isAnchor(search.request.trust, last)) {
    const verdict = { path, problems: checkPath(path, search.request) };
    if (search.best === undefined || verdict.problems.length < search.best.problems.length)
      search.best = verdict;
    return;
  }
  if (path.length >= longestPath) return;
  for (const issuer of possibleIssuers(search.request, last)) {
    if (search.best?.problems.length === 0 || search.signaturesLeft === 0) return;
    if (path.some((certificate) => sameBytes(certificate.der, issuer.der))) continue;
    search.signaturesLeft -= 1;
    if (isIssuedBy(last, issuer)) follow(search, [...path, issuer]);
  }
}

/** Whether the key of one made the signature of the other is so for ever; whether they are valid is asked each time. */
function isIssuedBy(certificate: Certificate, issuer: Certificate): boolean {
  const answers = knownAnswers.get(certificate) ?? new WeakMap<Certificate, boolean>();
  const answer = answers.get(issuer) ?? isSignedBy(certificate, issuer);
  answers.set(issuer, answer);
  knownAnswers.set(certificate, answers);
  return answer;
}

const knownAnswers = new WeakMap<Certificate, WeakMap<Certificate, boolean>>();

/** Anchors first: the shortest way, and certificates from outside cannot use up the budget before them. */
function possibleIssuers({ trust, found }: ChainRequest, certificate: Certificate): Certificate[] {
  const issuers: Certificate[] = [];
  for (const candidate of [...trust.anchors, ...trust.intermediates, ...found])
    if (couldIssue(candidate, certificate) && !issuers.some(({ der }) => sameBytes(der, candidate.der)))
      issuers.push(candidate);
  return issuers;
}

/** §4.2.1.1: names by their bytes, and key identifiers where both give one. */
function couldIssue(issuer: Certificate, certificate: Certificate): boolean {
  if (!sameBytes(issuer.subject, certificate.issuer)) return false;
  const wanted = certificate.extensions.authorityKeyIdentifier;
  const actual = issuer.extensions.subjectKeyIdentifier;
  return wanted === undefined || actual === undefined || wanted === actual;
}

function isAnchor({ anchors }: Trust, certificate: Certificate): boolean {
  return anchors.some(({ der }) => sameBytes(der, certificate.der));
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
