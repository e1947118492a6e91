/** One time-stamp authority for all tests: its key, its certificate under the development CA, whom to believe. */
import { createHash } from 'node:crypto';
import { createPemSigner } from '../../../src/keys/pem.ts';
import { decodePem } from '../../../src/lib/pem.ts';
import { issueSigningCertificate } from '../../../src/pki/issue.ts';
import { parseTrust } from '../../../src/smime/trust.ts';
import { createLocalAuthority } from '../../../src/tsa/local.ts';
import { authority, issuedAt } from '../pki/authority.ts';

export const stampKey = await issueSigningCertificate(authority, {
  commonName: 'Marca temporale di prova',
  organization: 'Autorità di prova',
  purpose: 'timeStamping',
  at: issuedAt,
});

export const stampSigner = createPemSigner(stampKey);
export const stampTrust = parseTrust({ anchors: decodePem('CERTIFICATE', authority.root.certificatePem) });
export const stampedAt = issuedAt + 86_400_000;
export const digest = createHash('sha256').update('radice').digest();

/** Stamps at `stampedAt` unless told another time. */
export function openAuthority(name = 'prova', clock = () => stampedAt) {
  return createLocalAuthority({ name, signer: stampSigner, clock });
}
