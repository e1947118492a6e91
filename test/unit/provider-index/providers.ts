/** Two providers, one with a secondary environment, as the index tests have them. */
import { decodePem } from '../../../src/lib/pem.ts';
import type { IndexedProvider } from '../../../src/provider-index/provider-index.ts';
import { hashCertificate } from '../../../src/smime/certificate.ts';
import { otherProvider, provider } from '../pki/authority.ts';

const [alfaDer = new Uint8Array(0)] = decodePem('CERTIFICATE', provider.certificatePem);
const [betaDer = new Uint8Array(0)] = decodePem('CERTIFICATE', otherProvider.certificatePem);

export const alfa: IndexedProvider = {
  name: 'Gestore Alfa S.p.A.',
  mailReceipt: 'ricevute@alfa.test',
  managedDomains: ['alfa.test', 'xn--citt-3na.test'],
  certificates: [alfaDer],
  certificateHashes: [hashCertificate(alfaDer)],
  ldifLocationUrl: 'https://alfa.test/alfa.ldif.p7m',
};

/** Signs with the certificate of the main environment, as RFC 6109 §4.5.10 shows it. */
export const alfaSecondary: IndexedProvider = {
  name: alfa.name,
  unit: 'Ambiente secondario, di prova',
  mailReceipt: 'ricevute@secondario.alfa.test',
  managedDomains: ['secondario.alfa.test'],
  certificates: alfa.certificates,
  certificateHashes: alfa.certificateHashes,
};

/** In renewal: two certificates. */
export const beta: IndexedProvider = {
  name: 'Società Gestore Beta',
  mailReceipt: 'ricevute@beta.test',
  managedDomains: ['beta.test'],
  certificates: [betaDer, alfaDer],
  certificateHashes: [hashCertificate(betaDer), hashCertificate(alfaDer)],
};
