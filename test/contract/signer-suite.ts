/** What every signer must do, whatever holds its key. */
import assert from 'node:assert/strict';
import { verify, X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import type { Signer } from '../../src/keys/signer.ts';

/** Runs the suite over one implementation. */
export function testSigner(name: string, open: () => Promise<Signer>): void {
  describe(`signer: ${name}`, () => {
    it('has its own certificate first, then its issuers, and no root', async () => {
      const chain = (await open()).chain.map((der) => new X509Certificate(der));
      assert.ok(chain.length >= 1);
      for (const [index, certificate] of chain.entries()) {
        assert.ok(!certificate.checkIssued(certificate));
        const issuer = chain[index + 1];
        assert.ok(issuer === undefined || certificate.checkIssued(issuer));
      }
    });

    it('signs any bytes so that its certificate verifies: RSA PKCS#1 v1.5 with SHA-256', async () => {
      const signer = await open();
      const { publicKey } = new X509Certificate(signer.chain[0] ?? new Uint8Array(0));
      for (const size of [0, 1, 119, 100_000]) {
        const tbs = Buffer.alloc(size, 'ricevuta');
        assert.ok(verify('sha256', tbs, publicKey, await signer.sign(tbs)));
      }
    });

    it('gives the same signature for the same bytes, which reproduction of receipts needs', async () => {
      const signer = await open();
      const tbs = Buffer.from('ricevuta');
      assert.deepEqual(Buffer.from(await signer.sign(tbs)), Buffer.from(await signer.sign(tbs)));
    });

    it('signs many at a time without mixing them', async () => {
      const signer = await open();
      const { publicKey } = new X509Certificate(signer.chain[0] ?? new Uint8Array(0));
      const all = Array.from({ length: 32 }, (_, index) => Buffer.from(`ricevuta ${index}`));
      const signatures = await Promise.all(all.map((tbs) => signer.sign(tbs)));
      assert.ok(
        all.every((tbs, index) => verify('sha256', tbs, publicKey, signatures[index] ?? Buffer.alloc(0))),
      );
    });

    it('leaves the bytes it is given as they are', async () => {
      const tbs = Buffer.from('ricevuta');
      await (await open()).sign(tbs);
      assert.equal(tbs.toString(), 'ricevuta');
    });
  });
}
