/** One development CA for all tests of these rooms: making RSA keys is what would make them slow. */
import { createDevelopmentCa } from '../../../src/pki/development-ca.ts';
import { issueProviderCertificate } from '../../../src/pki/issue.ts';

/** When everything here was issued. */
export const issuedAt = Date.UTC(2026, 10, 2, 9, 30, 0);

export const authority = await createDevelopmentCa({
  organization: 'Autorità di prova',
  mailDomains: ['alfa.test', 'beta.test'],
  crlUrl: 'http://localhost/posta.crl',
  rootCrlUrl: 'http://localhost/radice.crl',
  ocspUrl: 'http://localhost/ocsp',
  at: issuedAt,
});

export const provider = await issueProviderCertificate(authority, {
  providerName: 'Gestore Alfa S.p.A.',
  domain: 'alfa.test',
  at: issuedAt,
});

export const otherProvider = await issueProviderCertificate(authority, {
  providerName: 'Gestore Beta S.p.A.',
  domain: 'beta.test',
  at: issuedAt,
});
