import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { decodePem } from '../../../src/lib/pem.ts';
import { buildPkcs12, Pkcs12Error, readPkcs12 } from '../../../src/pki/pkcs12.ts';
import { authority, otherProvider, provider } from './authority.ts';

const password = 'segrèta €';
const shuffled = authority.root.certificatePem + otherProvider.certificatePem + authority.mail.certificatePem;

describe('PKCS#12', () => {
  it('gives back key and chain, own certificate first, strangers left out', () => {
    const chainPem = shuffled + provider.certificatePem;
    const file = buildPkcs12({ keyPem: provider.keyPem, chainPem, password, friendlyName: 'Gestore Alfa' });
    const read = readPkcs12(file, password);
    assert.equal(read.keyPem, provider.keyPem);
    assert.equal(read.chainPem, provider.chainPem + authority.root.certificatePem);
  });

  it('keeps each byte of the certificates', () => {
    const { keyPem, chainPem } = provider;
    const read = readPkcs12(buildPkcs12({ keyPem, chainPem, password, friendlyName: 'x' }), password);
    const hashes = (pem: string) =>
      decodePem('CERTIFICATE', pem).map((der) => new X509Certificate(der).fingerprint256);
    assert.deepEqual(hashes(read.chainPem), hashes(chainPem));
  });

  it('says what is wrong', () => {
    const { keyPem, chainPem } = provider;
    const file = buildPkcs12({ keyPem, chainPem, password, friendlyName: 'x' });
    const stranger = buildPkcs12({ keyPem, chainPem: otherProvider.chainPem, password, friendlyName: 'x' });
    const fails = (run: () => unknown, reason: RegExp) =>
      assert.throws(run, (error) => error instanceof Pkcs12Error && reason.test(error.message));
    fails(() => readPkcs12(file, 'altra'), /password .* is wrong/);
    fails(() => readPkcs12(file.subarray(0, 500), password), /cannot be read/);
    fails(() => readPkcs12(Buffer.from('x'), password), /cannot be read/);
    fails(() => readPkcs12(stranger, password), /no certificate of its private key/);
  });
});
