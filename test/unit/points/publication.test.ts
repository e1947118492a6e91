import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPemSigner } from '../../../src/keys/pem.ts';
import { decodePem } from '../../../src/lib/pem.ts';
import { issueProviderCertificate } from '../../../src/pki/issue.ts';
import { buildPublication, describeOwnProvider, type Publication } from '../../../src/points/publication.ts';
import { createIndex } from '../../../src/provider-index/index-from-records.ts';
import { parseIndex } from '../../../src/provider-index/index-ldif.ts';
import { openSignedLdif } from '../../../src/provider-index/signed-ldif.ts';
import { hashCertificate } from '../../../src/smime/certificate.ts';
import { livePolicy, parseTrust } from '../../../src/smime/trust.ts';
import { authority, issuedAt, otherProvider, provider } from '../pki/authority.ts';

const derOf = (pem: string) => decodePem('CERTIFICATE', pem)[0] ?? new Uint8Array(0);
const next = await issueProviderCertificate(authority, {
  providerName: 'Gestore Alfa S.p.A.',
  domain: 'alfa.test',
  at: issuedAt + 86_400_000,
  keyPem: otherProvider.keyPem,
});

const publication: Publication = {
  name: 'Gestore Alfa S.p.A.',
  domain: 'alfa.test',
  mailReceipt: 'ricevute@alfa.test',
  ldifUrl: 'https://alfa.test/alfa.ldif.p7m',
  domains: ['Comune.test', 'alfa.test', 'secondario.test', 'città.test'],
  signer: createPemSigner(provider),
  furtherCertificates: [derOf(next.certificatePem), derOf(provider.certificatePem)],
  secondary: [
    {
      unit: 'Secondario',
      mailReceipt: 'ricevute@secondario.test',
      domains: ['secondario.test'],
      certificates: [],
    },
  ],
};

async function publish(changes: Partial<Publication> = {}) {
  const at = issuedAt + 1000;
  const file = await buildPublication({ ...publication, ...changes }, at);
  const trust = parseTrust({ anchors: decodePem('CERTIFICATE', authority.root.certificatePem) });
  const policy = { ...livePolicy, revocation: 'none' } as const;
  const opened = openSignedLdif(file, { trust, policy, now: at });
  return { ...parseIndex(opened.ldif), certificate: opened.certificate };
}

describe('what a provider publishes about itself', () => {
  it('is signed by it, and others read it as an index', async () => {
    const { providers, warnings, certificate } = await publish();
    assert.equal(hashCertificate(certificate), hashCertificate(derOf(provider.certificatePem)));
    assert.deepEqual(warnings, []);
    const index = createIndex(providers);
    assert.equal(index.providerOf('comune.test')?.name, publication.name);
    assert.equal(index.providerOf('xn--citt-3na.test')?.mailReceipt, 'ricevute@alfa.test');
    assert.equal(index.providerOf('alfa.test')?.ldifLocationUrl, publication.ldifUrl);
  });

  it('carries the certificate in use first, then the further ones, each once', async () => {
    const { providers } = await publish();
    assert.deepEqual(
      providers[0]?.certificateHashes,
      [provider, next].map(({ certificatePem }) => hashCertificate(derOf(certificatePem))),
    );
  });

  it('gives each environment a record, and each domain to one of them', async () => {
    const { providers } = await publish();
    assert.deepEqual(
      providers.map(({ unit, managedDomains }) => [unit, managedDomains]),
      [
        [undefined, ['alfa.test', 'comune.test', 'xn--citt-3na.test']],
        ['Secondario', ['secondario.test']],
      ],
    );
    assert.deepEqual(providers[1]?.certificateHashes, providers[0]?.certificateHashes);
    const own = describeOwnProvider({
      ...publication,
      secondary: [
        { ...publication.secondary[0], certificates: [derOf(next.certificatePem)] } as NonNullable<
          Publication['secondary'][number]
        >,
      ],
    });
    assert.deepEqual(own[1]?.certificateHashes, [hashCertificate(derOf(next.certificatePem))]);
  });

  it('is refused with a certificate that is not for it, or values nobody could read', async () => {
    const strange = { furtherCertificates: [derOf(otherProvider.certificatePem)] };
    await assert.rejects(publish(strange), /not for posta-certificata@alfa\.test but for .*@beta\.test/);
    await assert.rejects(publish({ furtherCertificates: [Buffer.from('x')] }), /certificate/);
    await assert.rejects(publish({ mailReceipt: 'nobody' }), /mailReceipt "nobody" is not an address/);
  });
});
