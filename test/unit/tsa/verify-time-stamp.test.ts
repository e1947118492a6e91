import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, it } from 'node:test';
import { createPemSigner } from '../../../src/keys/pem.ts';
import type { Signer } from '../../../src/keys/signer.ts';
import { encodingOf } from '../../../src/lib/ber.ts';
import { decodePem } from '../../../src/lib/pem.ts';
import { buildCrl } from '../../../src/pki/crl.ts';
import { issueSigningCertificate } from '../../../src/pki/issue.ts';
import { parseCertificate } from '../../../src/smime/certificate.ts';
import { isProblem, readSignedData } from '../../../src/smime/signed-data-reader.ts';
import { parseTrust } from '../../../src/smime/trust.ts';
import { buildToken } from '../../../src/tsa/build-token.ts';
import { sha256Imprint } from '../../../src/tsa/message-imprint.ts';
import { verifyTimeStamp } from '../../../src/tsa/verify-time-stamp.ts';
import { authority, issuedAt, provider } from '../pki/authority.ts';
import { digest, openAuthority, stampedAt, stampKey, stampSigner, stampTrust } from './stamper.ts';

const imprint = sha256Imprint(digest);
const year = 365 * 86_400_000;

function stampWith(signer: Signer, time = stampedAt) {
  const info = { policy: '1.2.3', imprint, serialNumber: Buffer.from([1]), time, nonce: undefined };
  return buildToken({ info, signer, withCertificates: true });
}

function problemsOf(token: Uint8Array, more: object = {}): string {
  return verifyTimeStamp({ token, imprint, trust: stampTrust, ...more }).problems.join('; ');
}

describe('verification of a time stamp', () => {
  it('goes on holding after the certificate has expired, unless it must be good now', async () => {
    const token = await openAuthority().stamp(digest);
    assert.equal(problemsOf(token), '');
    assert.equal(problemsOf(token, { now: stampedAt + year }), '');
    assert.match(problemsOf(token, { now: stampedAt + 4 * year }), /expired/);
  });

  it('fails for a stamp made before or after the life of its certificate', async () => {
    assert.match(problemsOf(await stampWith(stampSigner, issuedAt - 1000)), /not yet valid/);
    assert.match(problemsOf(await stampWith(stampSigner, issuedAt + 4 * year)), /expired/);
  });

  it('fails for another digest, and for the same bytes under another algorithm', async () => {
    const token = await openAuthority().stamp(digest);
    assert.match(problemsOf(token, { imprint: sha256Imprint(Buffer.alloc(32)) }), /something else/);
    const other = { algorithm: '2.16.840.1.101.3.4.2.8', digest };
    assert.match(problemsOf(token, { imprint: other }), /something else/);
  });

  it('fails for certificates that are not for time stamping', async () => {
    assert.match(problemsOf(await stampWith(createPemSigner(provider))), /not for time stamping alone/);
    const forMail = await issueSigningCertificate(authority, {
      commonName: 'Firma',
      organization: 'Prova',
      purpose: 'emailProtection',
      at: issuedAt,
    });
    assert.match(problemsOf(await stampWith(createPemSigner(forMail))), /not for time stamping alone/);
  });

  it('fails when the token names another certificate than the one that signed', async () => {
    const token = Buffer.from(await openAuthority().stamp(digest));
    const [own = new Uint8Array(0)] = stampSigner.chain;
    const [foreign = new Uint8Array(0)] = createPemSigner(provider).chain;
    const fields = readSignedData(token, token.length);
    assert.ok(!isProblem(fields));
    const [signer] = fields.signers;
    assert.ok(signer?.attributes !== undefined);
    const attributes = Buffer.from(encodingOf(signer.attributes));
    const named = attributes.indexOf(hash('sha256', own, 'buffer'));
    assert.ok(named > 0);
    hash('sha256', foreign, 'buffer').copy(attributes, named);
    const signed = Buffer.from(attributes);
    signed[0] = 0x31;
    const value = await stampSigner.sign(signed);
    attributes.copy(token, signer.attributes.start);
    token.set(value, token.length - value.length);
    assert.equal(problemsOf(token), "the token names another certificate as its authority's");
  });

  it('fails when the certificate was revoked before the stamp', async () => {
    const [der = new Uint8Array(0)] = decodePem('CERTIFICATE', stampKey.certificatePem);
    const crlRevoked = (at: number) =>
      buildCrl({
        issuer: authority.mail,
        revoked: [{ serialNumber: parseCertificate(der).serialNumber, at }],
        number: 1,
        thisUpdate: stampedAt,
        nextUpdate: stampedAt + year,
      });
    const token = await openAuthority().stamp(digest);
    const anchors = decodePem('CERTIFICATE', authority.root.certificatePem);
    for (const [at, expected] of [
      [stampedAt - 1000, /revoked/],
      [stampedAt + 1000, /^$/],
    ] as const) {
      const trust = parseTrust({ anchors, crls: [await crlRevoked(at)] });
      assert.match(problemsOf(token, { trust }), expected);
    }
  });

  it('never holds, and never throws, with any one byte changed that it rests on', async () => {
    const token = Buffer.from(await openAuthority().stamp(digest));
    const fields = readSignedData(token, token.length);
    assert.ok(!isProblem(fields) && fields.content !== undefined);
    const [signer] = fields.signers;
    assert.ok(signer?.attributes !== undefined);
    const content = token.indexOf(fields.content);
    const guarded = [
      [content, content + fields.content.length],
      [signer.attributes.start + 1, signer.attributes.end],
      [token.length - signer.signature.length, token.length],
    ] as const;
    const survivors: number[] = [];
    for (let at = 0; at < token.length; at += 1) {
      const changed = Buffer.from(token);
      changed[at] = (changed[at] ?? 0) ^ 0x01;
      if (verifyTimeStamp({ token: changed, imprint, trust: stampTrust }).ok) survivors.push(at);
    }
    // CMS leaves some bytes free (a version, a list of digests said twice); never one of what was signed.
    for (const at of survivors)
      assert.ok(!guarded.some(([from, to]) => at >= from && at < to), `byte ${at} of ${token.length}`);
    assert.ok(survivors.length < token.length / 100, survivors.join(' '));
  });

  it('never throws for any beginning of a token, or for nothing like it', async () => {
    const token = Buffer.from(await openAuthority().stamp(digest));
    for (let length = 0; length < token.length; length += 7)
      assert.ok(problemsOf(token.subarray(0, length)).length > 0);
    assert.match(problemsOf(Buffer.from('30820001', 'hex')), /cannot be read/);
  });
});
