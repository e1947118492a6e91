import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { describe, it } from 'node:test';
import { createPemSigner } from '../../../src/keys/pem.ts';
import { encodePem } from '../../../src/lib/pem.ts';
import { authority, otherProvider, provider } from '../pki/authority.ts';

describe('createPemSigner', () => {
  it('signs so that the public key of its certificate verifies, the same bytes each time', async () => {
    const signer = createPemSigner(provider);
    const tbs = Buffer.from('Ricevuta di accettazione');
    const signature = await signer.sign(tbs);
    const publicKey = createPublicKey(encodePem('CERTIFICATE', signer.chain[0] ?? new Uint8Array(0)));
    assert.ok(verify('sha256', tbs, publicKey, signature));
    assert.deepEqual(await signer.sign(tbs), signature);
  });

  it('leaves the root off the chain', () => {
    const chainPem = provider.chainPem + authority.root.certificatePem;
    assert.equal(createPemSigner({ keyPem: provider.keyPem, chainPem }).chain.length, 2);
  });

  it('reads an encrypted key with its passphrase, and says so without', () => {
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'segreta' },
    });
    const chainPem = provider.chainPem;
    assert.throws(
      () => createPemSigner({ keyPem: privateKey, chainPem, passphrase: 'segreta' }),
      /does not belong/,
    );
    assert.throws(() => createPemSigner({ keyPem: privateKey, chainPem }), /passphrase/);
  });

  it('refuses what cannot work, before anything is signed', () => {
    const { keyPem, chainPem } = provider;
    const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    const smallPem = small.export({ type: 'pkcs8', format: 'pem' }).toString();
    assert.throws(() => createPemSigner({ keyPem, chainPem: otherProvider.chainPem }), /does not belong/);
    assert.throws(() => createPemSigner({ keyPem, chainPem: '' }), /no certificate/);
    assert.throws(() => createPemSigner({ keyPem: smallPem, chainPem }), /2048 bits/);
    assert.throws(
      () => createPemSigner({ keyPem, chainPem: provider.certificatePem + authority.tls.certificatePem }),
      /did not issue/,
    );
  });
});
