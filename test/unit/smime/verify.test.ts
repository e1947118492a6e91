import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { encodeInteger, encodeOctetString, encodeOid, encodeTime } from '../../../src/lib/der.ts';
import { decodePem } from '../../../src/lib/pem.ts';
import { oids } from '../../../src/smime/oids.ts';
import type { ProblemCode } from '../../../src/smime/problems.ts';
import { archivePolicy, livePolicy, parseTrust } from '../../../src/smime/trust.ts';
import {
  peekDigestAlgorithm,
  type SignatureVerdict,
  verifyAttached,
  verifyDetached,
} from '../../../src/smime/verify.ts';
import { authority, issuedAt, otherProvider, provider } from '../pki/authority.ts';
import { attribute, buildVariant, type Digest, usualAttributes, type Variant } from './cms-variants.ts';

const content = Buffer.from('Content-Type: text/plain\r\n\r\nIl messaggio è stato accettato\r\n', 'latin1');
const signingTime = issuedAt + 3_600_000;
const trust = parseTrust({ anchors: decodePem('CERTIFICATE', authority.root.certificatePem) });
const policy = { ...livePolicy, revocation: 'none' } as const;
const usual: Variant = { content, signingTime, keyPem: provider.keyPem, chainPem: provider.chainPem };
const [ownDer = new Uint8Array(0), issuerDer = new Uint8Array(0)] = decodePem(
  'CERTIFICATE',
  provider.chainPem,
);
const otherDers = decodePem('CERTIFICATE', otherProvider.chainPem);

function digestsOf(bytes: Uint8Array, ...names: Digest[]) {
  return Object.fromEntries(names.map((name) => [name, createHash(name).update(bytes).digest()]));
}

function check(variant: Partial<Variant>, bytes: Uint8Array = content): SignatureVerdict {
  const contentDigests = digestsOf(bytes, 'sha1', 'sha256', 'sha384', 'sha512');
  return verifyDetached({
    cms: buildVariant({ ...usual, ...variant }),
    contentDigests,
    trust,
    policy,
    now: signingTime + 60_000,
    from: 'posta-certificata@alfa.test',
  });
}

function codesOf(verdict: SignatureVerdict): ProblemCode[] {
  return verdict.problems.map(({ code }) => code);
}

describe('verifyDetached accepts', () => {
  it('a signature of the profile, and tells who, when and by which digest', () => {
    const verdict = check({});
    assert.deepEqual(verdict.problems, []);
    assert.ok(verdict.ok);
    assert.deepEqual(Buffer.from(verdict.certificate ?? []), Buffer.from(ownDer));
    assert.equal(verdict.certificateHash, createHash('sha1').update(ownDer).digest('hex'));
    assert.equal(verdict.signingTime, signingTime);
    assert.equal(verdict.digestAlgorithm, 'sha256');
    assert.equal(verdict.chain.length, 3);
  });

  for (const digest of ['sha1', 'sha256', 'sha384', 'sha512'] as const)
    it(`digests by ${digest}`, () => assert.deepEqual(codesOf(check({ digest })), []));

  const variants: Record<string, Partial<Variant>> = {
    'BER with indefinite lengths': { indefinite: true },
    'a signer named by subject key identifier': { identifier: 'subjectKey' },
    'the certificates in the other order': { certificates: [issuerDer, ownDer] },
    'certificates that have nothing to do with it': { certificates: [...otherDers, ownDer] },
    'sha256WithRSAEncryption as the signature algorithm': { signatureAlgorithm: oids.sha256WithRsa },
    'attributes it does not know': {
      attributes: [...usualAttributes(usual), attribute('1.2.3.4', encodeInteger(7))],
    },
  };
  for (const [name, variant] of Object.entries(variants))
    it(name, () => assert.deepEqual(codesOf(check(variant)), []));

  it('attributes that stand unsorted, signed sorted or as they stand', () => {
    const reverse = (set: Buffer) =>
      Buffer.concat([set.subarray(0, 2), ...usualAttributes(usual).sort(Buffer.compare).reverse()]);
    assert.deepEqual(codesOf(check({ alterAttributes: reverse })), []);
    const total = usualAttributes(usual).reduce((sum, each) => sum + each.length, 0);
    const asWritten = reverse(Buffer.from([0x31, total]));
    assert.deepEqual(codesOf(check({ alterAttributes: reverse, signedBytes: asWritten })), []);
  });

  it('a chain whose authority is not inside but configured', () => {
    const intermediates = [issuerDer];
    const anchors = decodePem('CERTIFICATE', authority.root.certificatePem);
    const verdict = verifyDetached({
      cms: buildVariant({ ...usual, certificates: [ownDer] }),
      contentDigests: digestsOf(content, 'sha256'),
      trust: parseTrust({ anchors, intermediates }),
      policy,
      now: signingTime,
    });
    assert.deepEqual(codesOf(verdict), []);
  });

  it('a signer whose certificate is not inside but configured', () => {
    const verdict = verifyDetached({
      cms: buildVariant({ ...usual, certificates: [] }),
      contentDigests: digestsOf(content, 'sha256'),
      trust: parseTrust({ anchors: [issuerDer], intermediates: [ownDer] }),
      policy,
      now: signingTime,
    });
    assert.deepEqual(codesOf(verdict), []);
  });
});

describe('a certificate that was met before', () => {
  const cms = Buffer.from(buildVariant(usual));
  const codesAt = (now: number, bytes: Uint8Array = cms, anchors = trust) =>
    codesOf(
      verifyDetached({
        cms: bytes,
        contentDigests: digestsOf(content, 'sha256'),
        trust: anchors,
        policy,
        now,
      }),
    );

  it('is asked anew for validity and trust', () => {
    assert.deepEqual(codesAt(signingTime), []);
    assert.ok(codesAt(signingTime + 20 * 365 * 86_400_000).includes('expired'));
    const others = parseTrust({ anchors: decodePem('CERTIFICATE', authority.tls.certificatePem) });
    assert.deepEqual(codesAt(signingTime, cms, others), ['chain-incomplete']);
    assert.deepEqual(codesAt(signingTime), []);
  });

  it('is another with one bit of it changed', () => {
    const altered = Buffer.from(cms);
    const last = altered.indexOf(ownDer) + ownDer.length - 1;
    altered[last] = (altered[last] ?? 0) ^ 1;
    assert.deepEqual(codesAt(signingTime), []);
    assert.deepEqual(codesAt(signingTime, altered), ['chain-incomplete']);
  });

  it('is not that of the bytes that came after it in the same memory', () => {
    const memory = Buffer.from(cms);
    assert.deepEqual(codesAt(signingTime, memory), []);
    memory.fill(0xff);
    assert.deepEqual(codesAt(signingTime), []);
  });
});

describe('verifyDetached refuses', () => {
  const withAttributes = (...list: Uint8Array[]): Partial<Variant> => ({ attributes: list });
  const [contentType = ownDer, time = ownDer, digest = ownDer] = usualAttributes(usual);
  const cases: Record<string, [Partial<Variant>, ProblemCode[]]> = {
    'an altered signature': [
      {
        alterSignature: (bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.of((bytes.at(-1) ?? 0) ^ 1)]),
      },
      ['signature-wrong'],
    ],
    'an empty signature': [{ alterSignature: () => Buffer.alloc(0) }, ['signature-wrong']],
    'an altered signing time': [
      {
        alterAttributes: (set) =>
          Buffer.from(set.toString('latin1').replace('261102103000Z', '261102102900Z'), 'latin1'),
      },
      ['signature-wrong'],
    ],
    'another key than that of its certificate': [{ keyPem: otherProvider.keyPem }, ['signature-wrong']],
    'a signature without attributes': [{ attributes: 'none' }, ['attributes-missing']],
    'no contentType attribute': [withAttributes(time, digest), ['attribute-wrong']],
    'another contentType': [
      withAttributes(attribute(oids.contentType, encodeOid(oids.contentTypeSignedData)), time, digest),
      ['attribute-wrong'],
    ],
    'no messageDigest attribute': [withAttributes(contentType, time), ['attribute-wrong']],
    'two messageDigest attributes': [
      withAttributes(
        contentType,
        time,
        digest,
        attribute(oids.messageDigest, encodeOctetString(Buffer.alloc(32))),
      ),
      ['attribute-wrong'],
    ],
    'two values of messageDigest': [
      withAttributes(
        contentType,
        time,
        attribute(
          oids.messageDigest,
          encodeOctetString(createHash('sha256').update(content).digest()),
          encodeOctetString(Buffer.alloc(32)),
        ),
      ),
      ['attribute-wrong'],
    ],
    'no signing time': [withAttributes(contentType, digest), ['signing-time-missing']],
    'a signing time in the future': [{ signingTime: signingTime + 86_400_000 }, ['signing-time-in-future']],
    'an unreadable signing time': [
      withAttributes(contentType, attribute(oids.signingTime, encodeInteger(5)), digest),
      ['attribute-wrong'],
    ],
    'several signers': [{ signerCount: 2 }, ['several-signers']],
    'no signer': [{ signerCount: 0 }, ['signer-missing']],
    'no certificate': [{ certificates: [] }, ['signer-certificate-missing']],
    'the certificates of others only': [{ certificates: otherDers }, ['signer-certificate-missing']],
    'content of its own inside': [{ attached: true }, ['content-inside']],
    'another type of content': [
      { contentType: '1.2.840.113549.1.9.16.1.4' },
      ['content-type-wrong', 'attribute-wrong'],
    ],
    'a signature algorithm that contradicts the digest': [
      { signatureAlgorithm: oids.sha1WithRsa },
      ['signature-unsupported'],
    ],
    'an unknown signature algorithm': [
      { signatureAlgorithm: '1.2.840.113549.1.1.10' },
      ['signature-unsupported'],
    ],
    'a chain without its authority': [{ certificates: [ownDer] }, ['chain-incomplete']],
    'another provider than From says': [
      { keyPem: otherProvider.keyPem, chainPem: otherProvider.chainPem },
      ['address-mismatch'],
    ],
  };
  for (const [name, [variant, codes]] of Object.entries(cases))
    it(name, () => assert.deepEqual(codesOf(check(variant)), codes));

  it('altered content, and says only that', () => {
    assert.deepEqual(codesOf(check({}, Buffer.from('altro'))), ['digest-wrong']);
  });

  it('a digest the caller did not make', () => {
    const verdict = verifyDetached({
      cms: buildVariant({ ...usual, digest: 'sha1' }),
      contentDigests: digestsOf(content, 'sha256'),
      trust,
      policy,
      now: signingTime,
    });
    assert.deepEqual(codesOf(verdict), ['digest-unsupported']);
  });

  it('an authority that is not trusted', () => {
    const verdict = verifyDetached({
      cms: buildVariant(usual),
      contentDigests: digestsOf(content, 'sha256'),
      trust: parseTrust({ anchors: decodePem('CERTIFICATE', authority.tls.certificatePem) }),
      policy,
      now: signingTime,
    });
    assert.deepEqual(codesOf(verdict), ['chain-incomplete']);
  });

  it('bytes that are no signature, with one problem each and never a throw', () => {
    const good = buildVariant(usual);
    const inputs = [
      Buffer.alloc(0),
      Buffer.from('30', 'hex'),
      Buffer.from('3080', 'hex'),
      Buffer.from('MIIB', 'latin1'),
      Buffer.alloc(5000, 0x30),
      Buffer.concat(Array.from({ length: 3000 }, () => Buffer.from('3080', 'hex'))),
      encodeTime(0),
      good.subarray(0, -1),
    ];
    for (const cms of inputs) {
      const verdict = verifyDetached({ cms, contentDigests: {}, trust, policy, now: signingTime });
      assert.deepEqual(codesOf(verdict), ['cms-broken']);
    }
    const huge = { cms: Buffer.alloc((1 << 20) + 1), contentDigests: {}, trust, policy, now: signingTime };
    assert.deepEqual(codesOf(verifyDetached(huge)), ['cms-too-large']);
  });
});

describe('verifyDetached in archive mode', () => {
  it('judges at the time of signing, long after the certificate has expired', () => {
    const request = {
      cms: buildVariant(usual),
      contentDigests: digestsOf(content, 'sha256'),
      trust,
      now: signingTime + 20 * 365 * 86_400_000,
    };
    assert.deepEqual(codesOf(verifyDetached({ ...request, policy: archivePolicy })), []);
    const live = codesOf(verifyDetached({ ...request, policy }));
    assert.ok(live.length > 0 && live.every((code) => code === 'expired'));
  });
});

describe('verifyAttached', () => {
  const request = { trust, policy: { ...policy, profile: 'any' }, now: signingTime } as const;

  for (const indefinite of [false, true])
    it(`gives the content, ${indefinite ? 'BER in chunks' : 'DER'}`, () => {
      const { verdict, content: inside } = verifyAttached({
        ...request,
        cms: buildVariant({ ...usual, attached: true, indefinite }),
      });
      assert.deepEqual(codesOf(verdict), []);
      assert.deepEqual(Buffer.from(inside ?? []), content);
    });

  it('refuses a signature without content, and content that was altered', () => {
    assert.deepEqual(codesOf(verifyAttached({ ...request, cms: buildVariant(usual) }).verdict), [
      'content-missing',
    ]);
    const cms = Buffer.from(buildVariant({ ...usual, attached: true }));
    cms[cms.indexOf('accettato')] = 0x41;
    assert.deepEqual(codesOf(verifyAttached({ ...request, cms }).verdict), ['digest-wrong']);
  });
});

describe('peekDigestAlgorithm', () => {
  it('tells the digest to make', () => {
    assert.equal(peekDigestAlgorithm(buildVariant({ ...usual, digest: 'sha1' })), 'sha1');
    assert.equal(peekDigestAlgorithm(buildVariant(usual)), 'sha256');
    assert.equal(peekDigestAlgorithm(Buffer.from('x')), undefined);
  });
});
