import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { IndexError } from '../../../src/provider-index/index-error.ts';
import { createIndex } from '../../../src/provider-index/index-from-records.ts';
import { buildIndex, buildOwnRecords, parseIndex } from '../../../src/provider-index/index-ldif.ts';
import { alfa, alfaSecondary, beta } from './providers.ts';

const providers = [alfa, alfaSecondary, beta];
const text = Buffer.from(buildIndex(providers)).toString('utf8');
const change = (from: string | RegExp, to: string) => () => parseIndex(Buffer.from(text.replace(from, to)));

describe('parseIndex', () => {
  it('reads back what buildIndex wrote', () => {
    const read = parseIndex(
      buildIndex(providers, { ldifLocationUrl: 'https://indice.test/indice.ldif.p7m' }),
    );
    assert.equal(read.ldifLocationUrl, 'https://indice.test/indice.ldif.p7m');
    assert.deepEqual(read.warnings, []);
    const plain = (list: typeof providers | typeof read.providers) =>
      list.map((each) => ({ ...each, certificates: each.certificates.map((der) => Buffer.from(der)) }));
    assert.deepEqual(plain(read.providers), plain(providers));
  });

  it("takes a provider's own file, which has no record of the base", () => {
    assert.deepEqual(
      parseIndex(buildOwnRecords([alfa, alfaSecondary])).providers.map(({ unit }) => unit),
      [undefined, alfaSecondary.unit],
    );
  });

  it('reads the first record of the sample in RFC 6109 §4.5.10', () => {
    const { providers: read } = parseIndex(Buffer.from(rfcSample));
    assert.deepEqual(read[0]?.certificateHashes, ['7e7aef1059ae0f454f2643a95f69ec3556009239']);
    assert.equal(read[0]?.name, 'Anonymous Certified Mail S.p.A.');
    assert.deepEqual(read[0]?.managedDomains, [
      'mail.anpocert.example.com',
      'cert.company.example.com',
      'costmec.example.com',
    ]);
  });

  it('writes domains in lower case and A-label form', () => {
    const { providers: read } = change('managedDomains: alfa.test', 'managedDomains: ALFA.Città.test')();
    assert.equal(read[0]?.managedDomains[0], 'alfa.xn--citt-3na.test');
  });

  it('warns of a domain in two records and of an environment without its main record', () => {
    const { warnings } = change('managedDomains: beta.test', 'managedDomains: alfa.test')();
    assert.match(warnings.join(), /alfa\.test is managed by Gestore Alfa/);
    assert.match(parseIndex(buildIndex([alfaSecondary])).warnings.join(), /has no main record/);
  });

  const wrongs: Record<string, [() => unknown, RegExp]> = {
    'a hash that is of no certificate': [
      change(/providerCertificateHash: [0-9a-f]{4}/, 'providerCertificateHash: 0000'),
      /providerName=Gestore Alfa.*of no certificate/,
    ],
    'a certificate without its hash': [
      change(/(providerCertificateHash: [0-9a-f]+\n)(?=providerCertificate;)/, ''),
      /is missing/,
    ],
    'no mailReceipt': [change(/mailReceipt: .*\n/, ''), /mailreceipt is missing/],
    'two mailReceipt': [change(/(mailReceipt: .*\n)/, '$1$1'), /more than once/],
    'a mailReceipt that is no address': [change('ricevute@alfa.test', 'alfa.test'), /not an address/],
    'no domains': [change('managedDomains: beta.test\n', ''), /managedDomains is missing/],
    'a domain that is none': [change('managedDomains: beta.test', 'managedDomains: be ta'), /not a domain/],
    'no name': [change(/^providerName: .*\n/m, ''), /providername is missing/],
    'a record elsewhere in the tree': [
      change(/(dn: providerName=Gestore Alfa.*),o=postacert/, '$1,o=altro'),
      /not below/,
    ],
    'a certificate that is none': [
      change(/providerCertificate;binary::[\s\S]*?\nmail/, 'providerCertificate;binary:: AAAA\nmail'),
      /no certificate/,
    ],
    'LDIF that is none': [change(/^/, 'hello\n'), /not LDIF: line 1/],
    'no provider at all': [() => parseIndex(Buffer.from('dn: o=postacert\no: postacert\n')), /no provider/],
  };
  for (const [name, [parse, reason]] of Object.entries(wrongs))
    it(`refuses the whole for ${name}`, () => {
      assert.throws(parse, (error) => error instanceof IndexError && reason.test(error.message));
    });
});

describe('createIndex', () => {
  const index = createIndex(providers, 17);

  it('finds by domain, whatever its case and form', () => {
    assert.equal(index.providerOf('BETA.test'), beta);
    assert.equal(index.providerOf('città.test'), alfa);
    assert.equal(index.providerOf('secondario.alfa.test'), alfaSecondary);
    assert.equal(index.providerOf('x.beta.test'), undefined);
  });

  it('finds by certificate hash in either case', () => {
    const [hash = ''] = beta.certificateHashes;
    assert.equal(index.providerByCertificateHash(hash.toUpperCase()), beta);
    assert.equal(index.providerByCertificateHash('0'.repeat(40)), undefined);
  });

  it('joins the domains of environments that share a certificate', () => {
    const [hash = ''] = alfa.certificateHashes;
    const found = createIndex([alfaSecondary, alfa]).providerByCertificateHash(hash);
    assert.equal(found?.unit, undefined);
    assert.deepEqual(found?.managedDomains, ['secondario.alfa.test', 'alfa.test', 'xn--citt-3na.test']);
  });

  it('tells when it was fetched and lists all', () => {
    assert.equal(index.fetchedAt, 17);
    assert.equal(index.all().length, 3);
    assert.equal(createIndex([]).fetchedAt, undefined);
  });
});

const rfcSample = `dn: o=postacert
objectclass: top
objectclass: organization
objectClass: LDIFLocationURLObject
o: postacert
LDIFLocationURL: https://igpec.rupa.example.com/igpec.ldif.p7m
description: Base root for the PEC providers directory
dn: providerName=Anonymous Certified Mail S.p.A.,o=postacert
objectclass: top
objectclass: provider
providerName: Anonymous Certified Mail S.p.A.
providerCertificateHash:
 7E7AEF1059AE0F454F2643A95F69EC3556009239
providerCertificate;binary::
 MIIDBjCCAm+gAwIBAgIBADANBgkqhkiG9w0BAQQFADBmMQswCQYDVQQGEw
 JJVDEpMCcGA1UEChMgQW5vbmltYSBQb3N0YSBDZXJ0aWZpY2F0YSBTLnAu
 QS4xLDAqBgkqhkiG9w0BCQEWHXBvc3RhLWNlcnRpZmljYXRhQGFucG9jZX
 J0Lml0MB4XDTAyMTIwOTE3MjQxNVoXDTAzMTIwOTE3MjQxNVowZjELMAkG
 A1UEBhMCSVQxKTAnBgNVBAoTIEFub25pbWEgUG9zdGEgQ2VydGlmaWNhdG
 EgUy5wLkEuMSwwKgYJKoZIhvcNAQkBFh1wb3N0YS1jZXJ0aWZpY2F0YUBh
 bnBvY2VydC5pdDCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEAr8J+qK
 KdxV9LzDMPqwnEy0P8H/KwbI0Szs8p6UZajZdpeUK0Ncbrv1QyXZNNtSMC
 2uL09HDyx8agjgZWdhypnehguiSK3busha15RSpMGhiqxmz2b0HhOG73Gf
 alZelqrwqmElna4MNUaLhbOvTd/sqPUS378w5IaIhWxzy34XcCAwEAAaOB
 wzCBwDAdBgNVHQ4EFgQUN8lC0znQWEs0xspZ/aBzsaGvRZMwgZAGA1UdIw
 SBiDCBhYAUN8lC0znQWEs0xspZ/aBzsaGvRZOhaqRoMGYxCzAJBgNVBAYT
 AklUMSkwJwYDVQQKEyBBbm9uaW1hIFBvc3RhIENlcnRpZmljYXRhIFMucC
 5BLjEsMCoGCSqGSIb3DQEJARYdcG9zdGEtY2VydGlmaWNhdGFAYW5wb2Nl
 cnQuaXSCAQAwDAYDVR0TBAUwAwEB/zANBgkqhkiG9w0BAQQFAAOBgQA58B
 Z+q1qSKpuffzTBpMtbeFkDIxMqMa+ycnxdMNvcWgCm1A9ZiFJsvqYhDDqA
 XxfHjkrzXuSZkYq6WiQCsLp0aYVy40QCIwbOunhrvsxh3vsG5CgN76JzZ9
 5Z/1OCFNhLfqf1VH2NSS8TaYCCi/VO7W1Q1KkcA2VlxlQP7McSUw==
mailReceipt: ssacceptance@postalser.example.com
LDIFLocationURL: https://anpocert.example.com/anpocert.ldif.p7m
managedDomains: mail.anpocert.example.com
managedDomains: cert.company.example.com
managedDomains: costmec.example.com
description: Certified mail services for companies
`;
