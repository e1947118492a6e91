/** The signer's own certificate against the profile of PEC providers (RFC 6109 §5.5, pec-wire §12, §13). */

import type { Certificate } from './certificate.ts';
import { mailAddressesOf } from './certificate-extensions.ts';
import { allowsMail } from './chain-path.ts';
import { problem, type SignatureProblem } from './problems.ts';
import { modulusBitsOf } from './structure-signature.ts';
import type { VerificationPolicy } from './trust.ts';

/** Shortest RSA modulus: 2048 today (RFC 8551 §2.2); 1024 was what providers had until about 2010. */
const leastBits = { live: 2048, archive: 1024 } as const;

/** `from`: the address in From, which must be in the certificate (RFC 6109 §2.1); undefined asks nothing. */
export function checkSigner(
  certificate: Certificate,
  policy: VerificationPolicy,
  from: string | undefined,
): SignatureProblem[] {
  const { keyUsage, purposes } = certificate.extensions;
  const problems: SignatureProblem[] = [];
  const bits = modulusBitsOf(certificate);
  if (bits < leastBits[policy.mode]) problems.push(problem('key-too-short', `${bits}`));
  // §4.2.1.3 of RFC 5280: without the extension the key may do anything; RFC 6109 wants it there.
  if (keyUsage?.digitalSignature === false) problems.push(problem('usage-wrong'));
  if (!allowsMail(purposes)) problems.push(problem('purpose-wrong'));
  if (policy.profile === 'provider' && policy.mode === 'live') problems.push(...checkProfile(certificate));
  if (
    from !== undefined &&
    !mailAddressesOf(certificate.extensions).some((address) => sameAddress(address, from))
  )
    problems.push(problem('address-mismatch', from.replace(/[^\x21-\x7e]/g, '?')));
  return problems;
}

/** RFC 6109 §5.5.2, what MUST and what MUST NOT be there. */
function checkProfile({ extensions }: Certificate): SignatureProblem[] {
  const broken: string[] = [];
  if (extensions.keyUsage === undefined) broken.push('keyUsage');
  else if (!extensions.keyUsage.critical) broken.push('keyUsage not critical');
  if (extensions.basicConstraints !== undefined) broken.push('basicConstraints');
  if (extensions.authorityKeyIdentifier === undefined) broken.push('authorityKeyIdentifier');
  if (extensions.subjectKeyIdentifier === undefined) broken.push('subjectKeyIdentifier');
  if (mailAddressesOf(extensions).length === 0) broken.push('subjectAltName');
  return broken.length === 0 ? [] : [problem('profile-wrong', broken.join(', '))];
}

/** Without case, the local part too: no provider tells `Posta-Certificata@` from `posta-certificata@`. */
function sameAddress(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
