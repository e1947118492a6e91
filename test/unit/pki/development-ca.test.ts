import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { decodePem } from '../../../src/lib/pem.ts';
import { renewMailCa } from '../../../src/pki/development-ca.ts';
import {
  issueProviderCertificate,
  issueSigningCertificate,
  issueTlsCertificate,
} from '../../../src/pki/issue.ts';
import { parseCertificate } from '../../../src/smime/certificate.ts';
import { mailAddressesOf } from '../../../src/smime/certificate-extensions.ts';
import { checkChain } from '../../../src/smime/chain.ts';
import { describeName } from '../../../src/smime/distinguished-name.ts';
import { livePolicy, parseTrust } from '../../../src/smime/trust.ts';
import { authority, issuedAt, otherProvider, provider } from './authority.ts';

const own = (pem: string) => parseCertificate(decodePem('CERTIFICATE', pem)[0] ?? new Uint8Array(0));
const codesFor = (pem: string, mailCaPem: string) =>
  checkChain({
    certificate: own(pem),
    found: [own(mailCaPem)],
    trust: parseTrust({ anchors: decodePem('CERTIFICATE', authority.root.certificatePem) }),
    policy: { ...livePolicy, revocation: 'none' },
    instants: [issuedAt],
    revocationAt: issuedAt,
  }).problems.map(({ code }) => code);

describe('the development CA', () => {
  it('is a root, and under it a mail CA of path length 0 bound to the mail domains', () => {
    const root = own(authority.root.certificatePem);
    const mail = own(authority.mail.certificatePem);
    assert.deepEqual(root.extensions.basicConstraints, { authority: true, pathLength: undefined });
    assert.deepEqual(mail.extensions.basicConstraints, { authority: true, pathLength: 0 });
    assert.deepEqual(mail.extensions.nameConstraints, {
      permitted: [
        { kind: 'mail', text: 'alfa.test' },
        { kind: 'mail', text: 'beta.test' },
      ],
      excluded: [],
    });
    assert.deepEqual(mail.extensions.crlUrls, ['http://localhost/radice.crl']);
    assert.equal(
      describeName(mail.subjectName),
      'C=IT, O=Autorità di prova, CN=CA posta certificata di sviluppo',
    );
  });

  it('issues provider certificates exactly of the real profile (pec-wire §12)', () => {
    const certificate = own(provider.certificatePem);
    const { extensions } = certificate;
    assert.equal(
      describeName(certificate.subjectName),
      'C=IT, O=Gestore Alfa S.p.A., CN=Posta Certificata Gestore Alfa S.p.A.',
    );
    assert.deepEqual(extensions.keyUsage, {
      critical: true,
      digitalSignature: true,
      keyCertSign: false,
      crlSign: false,
    });
    assert.deepEqual(extensions.purposes, ['1.3.6.1.5.5.7.3.4']);
    assert.deepEqual(mailAddressesOf(extensions), ['posta-certificata@alfa.test']);
    assert.equal(extensions.basicConstraints, undefined);
    assert.deepEqual(extensions.crlUrls, ['http://localhost/posta.crl']);
    assert.equal(
      extensions.authorityKeyIdentifier,
      own(authority.mail.certificatePem).extensions.subjectKeyIdentifier,
    );
    assert.equal(certificate.notBefore, issuedAt);
    assert.equal(certificate.notAfter, Date.UTC(2029, 10, 2, 9, 30, 0));
    const node = new X509Certificate(provider.certificatePem);
    assert.equal(node.publicKey.asymmetricKeyDetails?.modulusLength, 2048);
    assert.equal(node.signatureAlgorithm, 'sha256WithRSAEncryption');
    assert.match(node.infoAccess ?? '', /OCSP - URI:http:\/\/localhost\/ocsp/);
  });

  it('issues certificates whose chain is good', () => {
    assert.deepEqual(codesFor(provider.certificatePem, authority.mail.certificatePem), []);
  });

  it('cannot issue for a domain it was not made for, until it is renewed for it', async () => {
    const request = {
      providerName: 'Gestore Gamma',
      domain: 'gamma.test',
      at: issuedAt,
      keyPem: provider.keyPem,
    };
    const gamma = await issueProviderCertificate(authority, request);
    assert.deepEqual(codesFor(gamma.certificatePem, authority.mail.certificatePem), ['name-not-permitted']);
    const mailDomains = ['alfa.test', 'beta.test', 'gamma.test'];
    const renewed = await renewMailCa(authority, {
      organization: 'Autorità di prova',
      mailDomains,
      at: issuedAt,
    });
    assert.deepEqual(codesFor(gamma.certificatePem, renewed.mail.certificatePem), []);
    assert.deepEqual(codesFor(otherProvider.certificatePem, renewed.mail.certificatePem), []);
  });

  it('shortens the common name when the provider has a long one, and refuses what cannot be named', async () => {
    const issue = (providerName: string) =>
      issueProviderCertificate(authority, {
        providerName,
        domain: 'alfa.test',
        at: issuedAt,
        keyPem: provider.keyPem,
      });
    const long = await issue('Società per la posta elettronica certificata dei Comuni');
    assert.match(describeName(own(long.certificatePem).subjectName), /CN=Posta Certificata$/);
    await assert.rejects(issue('x'.repeat(65)), /1 to 64 characters/);
  });

  it('issues server certificates for names and addresses', async () => {
    const hosts = ['localhost', 'mx.alfa.test', '127.0.0.1', '::1', '2001:db8::5:0:1'];
    const issued = await issueTlsCertificate(authority, { hosts, at: issuedAt });
    const certificate = new X509Certificate(issued.certificatePem);
    assert.equal(certificate.checkHost('mx.alfa.test'), 'mx.alfa.test');
    for (const address of hosts.slice(2)) assert.ok(certificate.checkIP(address), address);
    assert.ok(certificate.checkIssued(new X509Certificate(authority.tls.certificatePem)));
    assert.equal(decodePem('CERTIFICATE', issued.chainPem).length, 2);
  });

  it('issues time-stamp certificates with the purpose critical (RFC 3161 §2.3)', async () => {
    const issued = await issueSigningCertificate(authority, {
      commonName: 'Marca temporale',
      organization: 'Autorità di prova',
      purpose: 'timeStamping',
      at: issuedAt,
    });
    const der = Buffer.from(decodePem('CERTIFICATE', issued.certificatePem)[0] ?? []);
    // extKeyUsage, critical TRUE.
    assert.ok(der.includes(Buffer.from('0603551d250101ff', 'hex')));
  });
});
