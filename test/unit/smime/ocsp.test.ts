import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildExtension, buildExtKeyUsage, buildOcspAccess } from '../../../src/pki/extensions.ts';
import { hashCertificate } from '../../../src/smime/certificate.ts';
import { checkChain } from '../../../src/smime/chain.ts';
import {
  buildOcspRequest,
  type CertificateStatus,
  OcspError,
  readOcspResponse,
} from '../../../src/smime/ocsp.ts';
import { oids } from '../../../src/smime/oids.ts';
import { livePolicy } from '../../../src/smime/trust.ts';
import { issuedAt } from '../pki/authority.ts';
import { authorityExtensions, makeCertificate, signerExtensions } from './certificates.ts';
import { type Answer, buildOcspAnswer, buildOcspRefusal } from './ocsp-answers.ts';

const hour = 3_600_000;
const now = issuedAt + 24 * hour;
const root = await makeCertificate({ name: 'Radice', key: 'root', extensions: authorityExtensions });
const leaf = await makeCertificate({
  name: 'Posta Certificata',
  key: 'leaf',
  issuer: root,
  issuerKey: 'root',
  extensions: [...signerExtensions(), buildOcspAccess('http://ocsp.test/')],
});
const other = await makeCertificate({ name: 'Altro', key: 'leaf', issuer: root, issuerKey: 'root' });
const question = { certificate: leaf, issuer: root };

const makeDelegate = (more: Partial<Parameters<typeof makeCertificate>[0]> = {}) =>
  makeCertificate({
    name: 'Risponditore',
    key: 'middle',
    issuer: root,
    issuerKey: 'root',
    extensions: [buildExtKeyUsage([oids.ocspSigning])],
    ...more,
  });

const good: Answer = {
  about: leaf,
  issuer: root,
  state: 'good',
  thisUpdate: now - hour,
  nextUpdate: now + hour,
  signedWith: 'root',
};

const read = (changes: Partial<Answer> = {}) =>
  readOcspResponse(buildOcspAnswer({ ...good, ...changes }), question, now);

const refuses = (bytes: Uint8Array, reason: RegExp) =>
  assert.throws(
    () => readOcspResponse(bytes, question, now),
    (error) => error instanceof OcspError && reason.test(error.message),
  );

describe('the responders of a certificate', () => {
  it('are read from authorityInfoAccess, other methods and schemes left out', async () => {
    assert.deepEqual(leaf.extensions.ocspUrls, ['http://ocsp.test/']);
    assert.deepEqual(other.extensions.ocspUrls, []);
    const broken = buildExtension(oids.authorityInfoAccess, false, Buffer.from([0x30, 0x02, 0x30, 0x00]));
    const odd = await makeCertificate({ name: 'X', key: 'leaf', issuerKey: 'leaf', extensions: [broken] });
    assert.deepEqual(odd.extensions.ocspUrls, []);
  });
});

describe('an OCSP answer', () => {
  it('says good, with its times', () => {
    assert.deepEqual(read(), {
      state: 'good',
      revokedAt: undefined,
      thisUpdate: good.thisUpdate,
      nextUpdate: good.nextUpdate,
      freshUntil: good.nextUpdate,
    });
  });

  it('says revoked, since when, and unknown', () => {
    assert.equal(read({ state: { revokedAt: now - 5 * hour } }).revokedAt, now - 5 * hour);
    assert.equal(read({ state: { revokedAt: now - 5 * hour } }).state, 'revoked');
    assert.equal(read({ state: 'unknown' }).state, 'unknown');
  });

  it('may name the certificate by SHA-256', () => {
    assert.equal(read({ digest: 'sha256' }).state, 'good');
  });

  it('may be signed by a responder that the issuer certified for it', async () => {
    const delegate = await makeDelegate();
    assert.equal(read({ signedWith: 'middle', certificates: [delegate] }).state, 'good');
  });

  it('counts for nothing when somebody else signed it', async () => {
    const strangers = {
      'no certificate': [],
      'another purpose': [await makeDelegate({ extensions: signerExtensions() })],
      'no purpose at all': [await makeDelegate({ extensions: [] })],
      'certified by itself': [
        await makeCertificate({
          name: 'Risponditore',
          key: 'middle',
          extensions: [buildExtKeyUsage([oids.ocspSigning])],
        }),
      ],
      expired: [await makeDelegate({ notAfter: now - hour })],
      'not yet valid': [await makeDelegate({ notBefore: now + hour })],
    };
    for (const [name, certificates] of Object.entries(strangers))
      assert.throws(() => read({ signedWith: 'middle', certificates }), OcspError, name);
  });

  it('counts for nothing when altered, about another certificate, or out of its time', () => {
    const altered = Buffer.from(buildOcspAnswer(good));
    const at = altered.indexOf(Buffer.from('80', 'hex'), 60);
    altered[at] = 0x82;
    refuses(altered, /not signed|broken|another/);
    assert.throws(() => read({ about: other }), /another certificate/);
    assert.throws(() => read({ issuer: other }), /another certificate/);
    assert.throws(() => read({ thisUpdate: now + hour }), /future/);
    assert.throws(() => read({ thisUpdate: now - 3 * hour, nextUpdate: now - hour }), /out of date/);
  });

  it('counts for nothing when it is a refusal or no answer', () => {
    refuses(buildOcspRefusal(3), /tryLater/);
    refuses(buildOcspRefusal(6), /unauthorized/);
    refuses(new Uint8Array(0), /broken/);
    refuses(Buffer.from('<html>404</html>'), /./);
    const whole = buildOcspAnswer(good);
    for (let length = 0; length < whole.length; length += 7) refuses(whole.subarray(0, length), /./);
  });
});

describe('an OCSP request', () => {
  it('is the smallest there is: one certificate by SHA-1, no nonce', () => {
    const hex = Buffer.from(buildOcspRequest(question)).toString('hex');
    assert.match(
      hex,
      /^30[0-9a-f]{2}30[0-9a-f]{2}30[0-9a-f]{2}30[0-9a-f]{2}30[0-9a-f]{2}300906052b0e03021a05000414/,
    );
    assert.ok(hex.endsWith(leaf.serialNumber));
  });
});

describe('a chain with OCSP statuses', () => {
  const check = (
    status: CertificateStatus | undefined,
    revocation: 'signer' | 'none' = 'signer',
    mode: 'live' | 'archive' = 'live',
  ) =>
    checkChain({
      certificate: leaf,
      found: [],
      trust: {
        anchors: [root],
        intermediates: [],
        revocationLists: [],
        ...(status === undefined ? {} : { statuses: new Map([[hashCertificate(leaf.der), status]]) }),
      },
      policy: { ...livePolicy, revocation, mode },
      instants: [now],
      revocationAt: now,
    }).problems.map(({ code }) => code);

  it('is good with a fresh "good", also where no list is known', () => {
    assert.deepEqual(check(read()), []);
    assert.deepEqual(check(undefined), ['revocation-unknown']);
  });

  it('is stale with an old "good", unknown with "unknown"', () => {
    assert.deepEqual(check({ ...read(), freshUntil: now - 1 }), ['revocation-stale']);
    assert.deepEqual(check(read({ state: 'unknown' })), ['revocation-unknown']);
    assert.deepEqual(check(read({ state: 'unknown' }), 'none'), []);
  });

  it('is revoked with "revoked", whatever the policy and the age; for what is of before, from that time on', () => {
    const revoked = read({ state: { revokedAt: now - hour } });
    assert.deepEqual(check(revoked, 'none'), ['revoked']);
    assert.deepEqual(check({ ...revoked, freshUntil: undefined }, 'none'), ['revoked']);
    // Our clock may be behind.
    assert.deepEqual(check({ ...revoked, revokedAt: now + hour }, 'none'), ['revoked']);
    assert.deepEqual(check({ ...revoked, revokedAt: now + hour }, 'none', 'archive'), []);
  });
});
