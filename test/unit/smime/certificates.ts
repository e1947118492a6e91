/** Certificates of any shape for chain tests, on few keys, since making RSA keys is slow. */
import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { encodingOf, parseBer } from '../../../src/lib/ber.ts';
import {
  encodeBitString,
  encodeElement,
  encodeNull,
  encodeOid,
  encodeSequence,
} from '../../../src/lib/der.ts';
import { encodePem } from '../../../src/lib/pem.ts';
import { buildCertificate, publicKeyOf } from '../../../src/pki/certificate.ts';
import { encodeName } from '../../../src/pki/distinguished-name.ts';
import {
  buildAuthorityConstraints,
  buildExtKeyUsage,
  buildKeyUsage,
  buildSubjectAltName,
  keyUsageBits,
  purposes,
} from '../../../src/pki/extensions.ts';
import { type Certificate, parseCertificate } from '../../../src/smime/certificate.ts';
import { oids } from '../../../src/smime/oids.ts';
import { issuedAt } from '../pki/authority.ts';

const year = 365 * 86_400_000;

export const keys = {
  root: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  middle: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  leaf: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  /** What providers had until about 2010. */
  old: generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey,
};

export interface Shape {
  readonly name: string;
  readonly key: keyof typeof keys;
  readonly issuer?: Certificate;
  readonly issuerKey?: keyof typeof keys;
  readonly extensions?: readonly Uint8Array[];
  readonly notBefore?: number;
  readonly notAfter?: number;
}

export async function makeCertificate(shape: Shape): Promise<Certificate> {
  const der = await buildCertificate({
    subject: encodeName({ country: 'IT', organization: 'Prova', commonName: shape.name }),
    publicKey: publicKeyOf(keys[shape.key]),
    issuerKey: keys[shape.issuerKey ?? shape.key],
    ...(shape.issuer === undefined
      ? {}
      : { issuerCertificatePem: encodePem('CERTIFICATE', shape.issuer.der) }),
    notBefore: shape.notBefore ?? issuedAt,
    notAfter: shape.notAfter ?? issuedAt + year,
    extensions: shape.extensions ?? [],
  });
  return parseCertificate(der);
}

export const authorityExtensions = [
  buildAuthorityConstraints(),
  buildKeyUsage(keyUsageBits.keyCertSign, keyUsageBits.crlSign),
];

/** What a provider's certificate has, for `posta-certificata@<host>`. */
export function signerExtensions(host = 'alfa.test'): Uint8Array[] {
  return [
    buildKeyUsage(keyUsageBits.digitalSignature),
    buildExtKeyUsage([purposes.emailProtection]),
    buildSubjectAltName({ mailAddresses: [`posta-certificata@${host}`] }),
  ];
}

/** The certificate signed once more, with SHA-1, as authorities did until about 2010. */
export function signWithSha1(certificate: Certificate, issuerKey: keyof typeof keys): Certificate {
  const algorithm = encodeSequence(encodeOid(oids.sha1WithRsa), encodeNull());
  const fields = parseBer(certificate.tbs).children.map(encodingOf);
  fields[2] = algorithm;
  const tbs = encodeElement(0x30, ...fields);
  const signature = sign(
    'sha1',
    tbs,
    createPrivateKey(keys[issuerKey].export({ format: 'pem', type: 'pkcs8' })),
  );
  return parseCertificate(encodeSequence(tbs, algorithm, encodeBitString(signature)));
}
