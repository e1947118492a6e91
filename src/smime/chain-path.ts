/** One certification path, signer first and anchor last, against the rules of RFC 5280 §6.1 and §6.3. */
import type { Instant } from '../lib/time.ts';
import { type Certificate, hashCertificate } from './certificate.ts';
import { describeName } from './distinguished-name.ts';
import { findForbiddenNames } from './name-constraints.ts';
import { oids } from './oids.ts';
import { describeInstant, problem, type SignatureProblem } from './problems.ts';
import type { RevocationList } from './revocation-list.ts';
import { isSignedBy, isWeakAlgorithm } from './structure-signature.ts';
import type { Trust, VerificationPolicy } from './trust.ts';

export interface PathConditions {
  readonly trust: Trust;
  readonly policy: VerificationPolicy;
  readonly instants: readonly Instant[];
  readonly revocationAt: Instant;
}

type Path = readonly Certificate[];

/** What is wrong with a path whose signatures are known to be right; empty when it is good. */
export function checkPath(path: Path, conditions: PathConditions): SignatureProblem[] {
  return [
    ...path.flatMap((certificate) => checkValidity(certificate, conditions.instants)),
    ...path.flatMap(checkCriticalExtensions),
    ...path.flatMap((_, index) => (index === 0 ? [] : checkIssuer(path, index, conditions.policy))),
    ...path.flatMap((_, index) => checkNames(path, index)),
    ...path.slice(0, -1).flatMap((certificate) => checkAlgorithm(certificate, conditions.policy)),
    ...path.slice(0, -1).flatMap((_, index) => checkRevocation(path, index, conditions)),
  ];
}

/** §6.1.3 (a)(2), once for each instant asked for. */
function checkValidity(certificate: Certificate, instants: readonly Instant[]): SignatureProblem[] {
  const name = () => describeName(certificate.subjectName);
  const early = instants.filter((at) => at < certificate.notBefore);
  // The last second of validity is inside (§4.1.2.5).
  const late = instants.filter((at) => at >= certificate.notAfter + 1000);
  return [
    ...early
      .slice(0, 1)
      .map((at) =>
        problem(
          'not-yet-valid',
          `${name()}: ${describeInstant(at)} < ${describeInstant(certificate.notBefore)}`,
        ),
      ),
    ...late
      .slice(0, 1)
      .map((at) =>
        problem('expired', `${name()}: ${describeInstant(at)} > ${describeInstant(certificate.notAfter)}`),
      ),
  ];
}

/** §4.2: a critical extension that is not understood makes the certificate unusable. */
function checkCriticalExtensions({ extensions }: Certificate): SignatureProblem[] {
  return extensions.unknownCritical.map((oid) => problem('extension-unknown', oid));
}

/** §6.1.4 (k) to (n): an issuer is an authority, may sign certificates, and its path length is kept. */
function checkIssuer(path: Path, index: number, policy: VerificationPolicy): SignatureProblem[] {
  const certificate = path[index];
  if (certificate === undefined) return [];
  const { basicConstraints, keyUsage, purposes } = certificate.extensions;
  const between = path
    .slice(1, index)
    .filter((each) => Buffer.compare(each.subject, each.issuer) !== 0).length;
  const isFit =
    basicConstraints?.authority === true &&
    between <= (basicConstraints.pathLength ?? Number.POSITIVE_INFINITY) &&
    keyUsage?.keyCertSign !== false &&
    // Purposes of an authority bind what it issues: our own TLS authority must not make mail signers.
    allowsPurpose(purposes, policy.purpose === 'time-stamping' ? oids.timeStamping : oids.emailProtection);
  return isFit ? [] : [problem('issuer-unfit', describeName(certificate.subjectName))];
}

/** §4.2.1.12: no purposes at all, the e-mail one, or any. */
export function allowsMail(purposes: readonly string[] | undefined): boolean {
  return allowsPurpose(purposes, oids.emailProtection);
}

function allowsPurpose(purposes: readonly string[] | undefined, wanted: string): boolean {
  return purposes === undefined || purposes.includes(wanted) || purposes.includes(oids.anyExtKeyUsage);
}

/** §6.1.3 (b), (c): the constraints of each authority hold for all certificates below it. */
function checkNames(path: Path, index: number): SignatureProblem[] {
  const constraints = path[index]?.extensions.nameConstraints;
  if (constraints === undefined) return [];
  const below = path.slice(0, index);
  return below
    .flatMap((certificate) => findForbiddenNames(certificate, constraints))
    .map((name) => problem('name-not-permitted', name));
}

function checkAlgorithm(certificate: Certificate, { mode }: VerificationPolicy): SignatureProblem[] {
  if (mode === 'archive' || !isWeakAlgorithm(certificate.signatureAlgorithm)) return [];
  return [problem('algorithm-weak', describeName(certificate.subjectName))];
}

/**
 * §6.3.3 with complete lists only, and what an OCSP responder said: either is enough to know, each can revoke. For what
 * arrives now whatever is revoked counts, also where our clock is behind the time of the revocation.
 */
function checkRevocation(path: Path, index: number, conditions: PathConditions): SignatureProblem[] {
  const [certificate, issuer] = [path[index], path[index + 1]];
  if (certificate === undefined || issuer === undefined) return [];
  const lists = findListsOf(conditions.trust, issuer);
  const status = conditions.trust.statuses?.get(hashCertificate(certificate.der));
  const at = conditions.revocationAt;
  const revoked = [
    status?.revokedAt,
    ...lists.map((list) => list.revoked.get(certificate.serialNumber)),
  ].find((since) => since !== undefined && (since <= at || conditions.policy.mode === 'live'));
  const name = describeName(certificate.subjectName);
  if (revoked !== undefined) return [problem('revoked', `${name}: ${describeInstant(revoked)}`)];
  const { revocation } = conditions.policy;
  if (revocation === 'none' || (revocation === 'signer' && index > 0)) return [];
  const authority = describeName(issuer.subjectName);
  const known = status === undefined || status.state === 'unknown' ? lists : [...lists, status];
  if (known.length === 0) return [problem('revocation-unknown', authority)];
  return known.some((each) => isCurrent(each, at)) ? [] : [problem('revocation-stale', authority)];
}

function isCurrent({ freshUntil }: Pick<RevocationList, 'freshUntil'>, at: Instant): boolean {
  return freshUntil !== undefined && at <= freshUntil;
}

/** The lists that the authority itself signed, current or not. */
export function findListsOf({ revocationLists }: Trust, issuer: Certificate): RevocationList[] {
  return revocationLists.filter((list) => isListOf(list, issuer));
}

function isListOf(list: RevocationList, issuer: Certificate): boolean {
  if (Buffer.compare(list.issuer, issuer.subject) !== 0) return false;
  if (issuer.extensions.keyUsage?.crlSign === false) return false;
  return isListSigned(list, issuer);
}

/** Hashing a list of megabytes once per message would be felt, so the answer is kept with the list. */
function isListSigned(list: RevocationList, issuer: Certificate): boolean {
  const answers = knownAnswers.get(list) ?? new Map<string, boolean>();
  const key = Buffer.from(issuer.publicKeyInfo).toString('base64');
  const answer = answers.get(key) ?? isSignedBy(list, issuer);
  answers.set(key, answer);
  knownAnswers.set(list, answers);
  return answer;
}

const knownAnswers = new WeakMap<RevocationList, Map<string, boolean>>();
