import type { ConfigInput } from '../../../src/config/schema.ts';

/** The least a configuration file must say. */
export const leastConfig: ConfigInput = {
  provider: { name: 'Gestore Alfa S.p.A.', domain: 'alfa.test', hostname: 'mail.alfa.test' },
  tls: { certificate: 'keys/tls.pem', key: 'keys/tls.key.pem' },
  signing: { kind: 'pem', key: 'keys/signing.key.pem', chain: 'keys/signing.pem' },
  trust: { anchors: ['keys/ca.pem'] },
  index: { kind: 'file', path: '/var/lib/index.ldif' },
};
