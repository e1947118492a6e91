/** The signing seam over a PEM key and over the failing double, and what a key that is away must cause. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { createFailingSigner } from '../../src/keys/fail.ts';
import { createPemSigner } from '../../src/keys/pem.ts';
import { signMessage } from '../../src/smime/sign.ts';
import { issuedAt, provider } from '../unit/pki/authority.ts';
import { testSigner } from './signer-suite.ts';

testSigner('PEM', async () => createPemSigner(provider));
testSigner('failing double, healthy', async () => createFailingSigner(createPemSigner(provider)));

describe('signer: failing double', () => {
  const unavailable = { kind: 'temporary', smtp: { code: 451, enhanced: '4.7.0' } };
  const content = Buffer.from('Content-Type: text/plain\r\n\r\n');
  const unsigned = {
    header: Buffer.from('Subject: x\r\n'),
    content: [content],
    boundary: 'b',
    eightBit: false,
  };

  it('answers "come again later", as often as told, then signs', async () => {
    const signer = createFailingSigner(createPemSigner(provider));
    signer.failNext(1);
    await assert.rejects(signer.sign(content), unavailable);
    assert.ok((await signer.sign(content)).length > 0);
    signer.failNext();
    await assert.rejects(signer.sign(content), unavailable);
    signer.heal();
    assert.ok((await signer.sign(content)).length > 0);
  });

  it('makes no message: nothing unsigned comes out', async () => {
    const signer = createFailingSigner(createPemSigner(provider));
    signer.failNext();
    const contentDigest = createHash('sha256').update(content).digest();
    await assert.rejects(
      signMessage(unsigned, { contentDigest, signingTime: issuedAt, signer }),
      unavailable,
    );
  });
});
