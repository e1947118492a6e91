/**
 * The terms on which every edge speaks TLS. Only forward-secret suites with authenticated encryption: those in CBC mode
 * have needed one mend after another, and every mail program since 2015 can do better.
 */
import { constants } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';

export interface ServerCertificate {
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** Suites of TLS 1.2, best first; those of TLS 1.3 are all good and stay as OpenSSL orders them. */
export const tls12Suites: readonly string[] = [
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
];

const tls13Suites = ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256'];

/** Options for whoever makes its own context, as a web server does. */
export function tlsTerms(minVersion: 'TLSv1.2' | 'TLSv1.3') {
  return {
    minVersion,
    ciphers: [...tls13Suites, ...tls12Suites].join(':'),
    honorCipherOrder: true,
    // A client that asks for new keys over and over costs it nothing and us a signature each time (CVE-2011-1473).
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  } as const;
}

/** @throws {Error} of OpenSSL, when certificate and key cannot be read or do not belong together. */
export function openServerContext(
  { certificatePem, keyPem }: ServerCertificate,
  minVersion: 'TLSv1.2' | 'TLSv1.3',
): SecureContext {
  return createSecureContext({ cert: certificatePem, key: keyPem, ...tlsTerms(minVersion) });
}
