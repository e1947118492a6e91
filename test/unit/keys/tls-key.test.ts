import assert from 'node:assert/strict';
import { verify, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { createTlsKeySigner } from '../../../src/keys/pem.ts';
import { makeAuthority, testAuthority } from '../../support/test-tls.ts';

test('an elliptic TLS key signs, as DER that its certificate verifies', async () => {
  const { key, cert } = testAuthority().issue(['DNS:localhost']);
  const made = createTlsKeySigner({ keyPem: key, chainPem: cert });
  assert.equal(made?.algorithm, 'ecdsa');
  const signed = Buffer.from('bytes');
  const value = await made?.signer.sign(signed);
  assert.ok(value !== undefined);
  assert.ok(verify('sha256', signed, new X509Certificate(cert).publicKey, value));
  assert.deepEqual(made?.signer.chain[0], new X509Certificate(cert).raw);
});

test('a key of another certificate does not sign', () => {
  const { key } = makeAuthority('Another');
  const { cert } = testAuthority().issue(['DNS:localhost']);
  assert.equal(createTlsKeySigner({ keyPem: key, chainPem: cert }), undefined);
});
