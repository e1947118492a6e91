import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  encodeContext,
  encodeContextPrimitive,
  encodeOctetString,
  encodeSequence,
} from '../../../src/lib/der.ts';
import { encodePem } from '../../../src/lib/pem.ts';
import { buildCrl } from '../../../src/pki/crl.ts';
import { encodeName } from '../../../src/pki/distinguished-name.ts';
import {
  buildAuthorityConstraints,
  buildExtension,
  buildExtKeyUsage,
  buildKeyUsage,
  buildMailNameConstraints,
  buildSubjectAltName,
  keyUsageBits,
  purposes,
} from '../../../src/pki/extensions.ts';
import type { Certificate } from '../../../src/smime/certificate.ts';
import { type ChainRequest, checkChain } from '../../../src/smime/chain.ts';
import type { ProblemCode } from '../../../src/smime/problems.ts';
import { parseRevocationList, RevocationListError } from '../../../src/smime/revocation-list.ts';
import { archivePolicy, livePolicy } from '../../../src/smime/trust.ts';
import { issuedAt } from '../pki/authority.ts';
import {
  authorityExtensions,
  keys,
  makeCertificate,
  signerExtensions,
  signWithSha1,
} from './certificates.ts';

const day = 86_400_000;
const at = issuedAt + day;
const noLists = { ...livePolicy, revocation: 'none' } as const;
const root = await makeCertificate({ name: 'Radice', key: 'root', extensions: authorityExtensions });
const middle = await makeMiddle();
const leaf = await makeLeaf();

function makeMiddle(extensions = authorityExtensions, times = {}): Promise<Certificate> {
  return makeCertificate({
    name: 'CA',
    key: 'middle',
    issuer: root,
    issuerKey: 'root',
    extensions,
    ...times,
  });
}

function makeLeaf(extensions: readonly Uint8Array[] = signerExtensions(), times = {}): Promise<Certificate> {
  return makeCertificate({
    name: 'Posta Certificata',
    key: 'leaf',
    issuer: middle,
    issuerKey: 'middle',
    extensions,
    ...times,
  });
}

function check(certificate: Certificate, found: readonly Certificate[], more: Partial<ChainRequest> = {}) {
  const trust = { anchors: [root], intermediates: [], revocationLists: [] };
  return checkChain({
    certificate,
    found,
    trust,
    policy: noLists,
    instants: [at],
    revocationAt: at,
    ...more,
  });
}

function codesOf(verdict: ReturnType<typeof check>): ProblemCode[] {
  return verdict.problems.map(({ code }) => code);
}

describe('checkChain', () => {
  it('builds the path whatever the order of the certificates found', () => {
    const verdict = check(leaf, [root, leaf, middle]);
    assert.deepEqual(verdict.problems, []);
    assert.deepEqual(verdict.path, [leaf, middle, root]);
  });

  it('stops at an anchor that is an issuing authority itself', () => {
    const trust = { anchors: [middle], intermediates: [], revocationLists: [] };
    assert.deepEqual(check(leaf, [], { trust }), { path: [leaf, middle], problems: [] });
  });

  it('takes a signer that is itself an anchor', () => {
    const trust = { anchors: [leaf], intermediates: [], revocationLists: [] };
    assert.deepEqual(check(leaf, [], { trust }).problems, []);
  });

  it('finds the good one of two certificates of a renewed authority', async () => {
    const expired = await makeMiddle(authorityExtensions, { notAfter: issuedAt });
    assert.deepEqual(codesOf(check(leaf, [expired])), ['expired']);
    assert.deepEqual(check(leaf, [expired, middle]).path, [leaf, middle, root]);
    assert.deepEqual(codesOf(check(leaf, [middle, expired])), []);
  });

  it('does not run in circles, nor for ever', async () => {
    const one = await makeCertificate({ name: 'Uno', key: 'middle', extensions: authorityExtensions });
    const two = await makeCertificate({
      name: 'Due',
      key: 'leaf',
      issuer: one,
      issuerKey: 'middle',
      extensions: authorityExtensions,
    });
    const back = await makeCertificate({
      name: 'Uno',
      key: 'middle',
      issuer: two,
      issuerKey: 'leaf',
      extensions: authorityExtensions,
    });
    assert.deepEqual(codesOf(check(two, [one, two, back])), ['chain-incomplete']);
    const crowd = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        makeMiddle(authorityExtensions, { notAfter: issuedAt + index * 1000 }),
      ),
    );
    const trust = { anchors: [root], intermediates: [middle], revocationLists: [] };
    assert.deepEqual(codesOf(check(leaf, crowd, { trust })), []);
  });

  it('takes no certificate for the issuer that only has its name', async () => {
    const impostor = await makeCertificate({
      name: 'CA',
      key: 'leaf',
      issuer: root,
      issuerKey: 'root',
      extensions: authorityExtensions,
    });
    assert.deepEqual(codesOf(check(leaf, [impostor])), ['chain-incomplete']);
  });
});

describe('checkChain judges validity', () => {
  it('at each instant asked for, to the second', async () => {
    const short = await makeLeaf(signerExtensions(), { notBefore: issuedAt, notAfter: issuedAt + 60_000 });
    const codesAt = (...instants: number[]) => codesOf(check(short, [middle], { instants }));
    assert.deepEqual(codesAt(issuedAt), []);
    assert.deepEqual(codesAt(issuedAt + 60_999), []);
    assert.deepEqual(codesAt(issuedAt + 61_000), ['expired']);
    assert.deepEqual(codesAt(issuedAt, issuedAt + day), ['expired']);
    assert.deepEqual(codesAt(issuedAt - 1, issuedAt).slice(0, 1), ['not-yet-valid']);
  });
});

describe('checkChain judges issuers', () => {
  const cases: Record<string, [Uint8Array[], ProblemCode[]]> = {
    'a certificate that is no authority': [signerExtensions(), ['issuer-unfit']],
    'basicConstraints that say so': [[buildExtension('2.5.29.19', true, encodeSequence())], ['issuer-unfit']],
    'an authority that may not sign certificates': [
      [buildAuthorityConstraints(), buildKeyUsage(keyUsageBits.digitalSignature)],
      ['issuer-unfit'],
    ],
    'an authority for servers only': [
      [...authorityExtensions, buildExtKeyUsage([purposes.serverAuth])],
      ['issuer-unfit'],
    ],
    'a critical extension nobody knows': [
      [...authorityExtensions, buildExtension('1.2.3.4', true, encodeOctetString(Buffer.of(1)))],
      ['extension-unknown'],
    ],
    'an extension nobody knows that is not critical': [
      [...authorityExtensions, buildExtension('1.2.3.4', false, encodeOctetString(Buffer.of(1)))],
      [],
    ],
  };
  for (const [name, [extensions, codes]] of Object.entries(cases))
    it(name, async () => assert.deepEqual(codesOf(check(leaf, [await makeMiddle(extensions)])), codes));

  it('the length of the path', async () => {
    const bounded = await makeMiddle([buildAuthorityConstraints(0), buildKeyUsage(keyUsageBits.keyCertSign)]);
    assert.deepEqual(codesOf(check(leaf, [bounded])), []);
    const below = await makeCertificate({
      name: 'Sotto',
      key: 'leaf',
      issuer: bounded,
      issuerKey: 'middle',
      extensions: authorityExtensions,
    });
    const end = await makeCertificate({
      name: 'Fine',
      key: 'old',
      issuer: below,
      issuerKey: 'leaf',
      extensions: signerExtensions(),
    });
    assert.deepEqual(codesOf(check(end, [below, bounded])), ['issuer-unfit']);
    assert.deepEqual(codesOf(check(end, [below, middle])), []);
  });
});

describe('checkChain judges names', () => {
  const subtrees = (tag: number, ...names: Uint8Array[]) =>
    buildExtension(
      '2.5.29.30',
      true,
      encodeSequence(encodeContext(tag, ...names.map((name) => encodeSequence(name)))),
    );
  const mail = (text: string) => encodeContextPrimitive(1, Buffer.from(text));
  const dns = (text: string) => encodeContextPrimitive(2, Buffer.from(text));
  const directory = (organization: string) => {
    // C and O of the test certificates, without the common name: a subtree.
    const name = encodeName({ country: 'IT', organization, commonName: 'x' });
    return encodeContext(4, encodeSequence(name.subarray(2, name.length - 12)));
  };
  const cases: Record<string, [Uint8Array, boolean]> = {
    'the host permitted': [buildMailNameConstraints(['beta.test', 'ALFA.test']), true],
    'another host': [buildMailNameConstraints(['beta.test']), false],
    'a host above it': [buildMailNameConstraints(['test']), false],
    'the domain above it, with a dot': [subtrees(0, mail('.test')), true],
    'its own domain, with a dot': [subtrees(0, mail('.alfa.test')), false],
    'the very address': [subtrees(0, mail('posta-certificata@alfa.test')), true],
    'another address': [subtrees(0, mail('altro@alfa.test')), false],
    'the host excluded': [subtrees(1, mail('alfa.test')), false],
    'another host excluded': [subtrees(1, mail('beta.test')), true],
    'constraints on names it has none of': [subtrees(0, dns('alfa.test')), true],
    'its directory permitted': [subtrees(0, directory('Prova')), true],
    'its directory in other letters': [subtrees(0, directory(' pROVA ')), true],
    'another directory': [subtrees(0, directory('Altra')), false],
    'its directory excluded': [subtrees(1, directory('Prova')), false],
  };
  for (const [name, [constraints, isGood]] of Object.entries(cases))
    it(name, async () => {
      const authority = await makeMiddle([...authorityExtensions, constraints]);
      assert.deepEqual(codesOf(check(leaf, [authority])), isGood ? [] : ['name-not-permitted']);
    });

  it('each of several addresses', async () => {
    const authority = await makeMiddle([...authorityExtensions, buildMailNameConstraints(['alfa.test'])]);
    const mailAddresses = ['posta-certificata@alfa.test', 'posta-certificata@beta.test'];
    const both = await makeLeaf([buildSubjectAltName({ mailAddresses })]);
    assert.deepEqual(codesOf(check(both, [authority])), ['name-not-permitted']);
  });

  it('hosts and addresses of servers', async () => {
    const ip = (hex: string) => encodeContextPrimitive(7, Buffer.from(hex, 'hex'));
    const server = await makeLeaf([buildSubjectAltName({ hosts: ['mx.alfa.test', '192.0.2.7'] })]);
    const judge = async (...names: Uint8Array[]) =>
      codesOf(check(server, [await makeMiddle([...authorityExtensions, subtrees(0, ...names)])]));
    assert.deepEqual(await judge(dns('alfa.test'), ip('c0000200ffffff00')), []);
    assert.deepEqual(await judge(dns('mx.alfa.test')), []);
    assert.deepEqual(await judge(dns('lfa.test')), ['name-not-permitted']);
    assert.deepEqual(await judge(ip('c0000300ffffff00')), ['name-not-permitted']);
    assert.deepEqual(await judge(ip('c0000200')), ['name-not-permitted']);
  });
});

describe('checkChain judges algorithms', () => {
  it('refuses SHA-1 certificates in live mail, not in the archive', () => {
    const old = signWithSha1(leaf, 'middle');
    assert.deepEqual(codesOf(check(old, [middle])), ['algorithm-weak']);
    assert.deepEqual(codesOf(check(old, [middle], { policy: archivePolicy })), []);
  });
});

describe('checkChain judges revocation', () => {
  const issuer = { keyPem: pem('middle'), certificatePem: encodePem('CERTIFICATE', middle.der) };
  const list = async (more: Partial<Parameters<typeof buildCrl>[0]> = {}) =>
    parseRevocationList(
      await buildCrl({ issuer, revoked: [], number: 1, thisUpdate: issuedAt, nextUpdate: at + day, ...more }),
    );
  const judge = (lists: Awaited<ReturnType<typeof list>>[], more: Partial<ChainRequest> = {}) =>
    codesOf(
      check(leaf, [middle], {
        trust: { anchors: [root], intermediates: [], revocationLists: lists },
        policy: livePolicy,
        ...more,
      }),
    );
  const revoked = (when: number) => ({
    serialNumber: leaf.serialNumber,
    at: when,
    reason: 'keyCompromise' as const,
  });

  it('wants a list, and one that is current', async () => {
    assert.deepEqual(judge([]), ['revocation-unknown']);
    assert.deepEqual(judge([await list()]), []);
    assert.deepEqual(judge([await list({ nextUpdate: at - 1000 })]), ['revocation-stale']);
    assert.deepEqual(judge([await list({ nextUpdate: at - 1000 }), await list()]), []);
  });

  it('refuses what is revoked, also by a list out of date, also where no list is asked for', async () => {
    const [current, old] = [
      await list({ revoked: [revoked(issuedAt)] }),
      await list({ revoked: [revoked(issuedAt)], nextUpdate: at - 1 }),
    ];
    assert.deepEqual(judge([current]), ['revoked']);
    assert.deepEqual(judge([old]), ['revoked']);
    assert.deepEqual(judge([old, await list()]), ['revoked']);
    assert.deepEqual(judge([current], { policy: noLists }), ['revoked']);
  });

  it('refuses what arrives now though our clock is behind the time of the revocation', async () => {
    assert.deepEqual(judge([await list({ revoked: [revoked(at + day)] })]), ['revoked']);
  });

  it('lets pass what was revoked only later, when the past is judged', async () => {
    const lists = [await list({ revoked: [revoked(at + 1000)] })];
    assert.deepEqual(judge(lists, { policy: archivePolicy }), []);
    assert.deepEqual(judge(lists, { policy: archivePolicy, revocationAt: at + 1000 }), ['revoked']);
  });

  it('takes no list of another authority, nor one that is forged', async () => {
    const rootIssuer = { keyPem: pem('root'), certificatePem: encodePem('CERTIFICATE', root.der) };
    assert.deepEqual(judge([await list({ issuer: rootIssuer })]), ['revocation-unknown']);
    const forged = { keyPem: pem('leaf'), certificatePem: issuer.certificatePem };
    assert.deepEqual(judge([await list({ issuer: forged })]), ['revocation-unknown']);
  });

  it('asks for the lists of all authorities when told so', async () => {
    const policy = { ...livePolicy, revocation: 'chain' } as const;
    const rootIssuer = { keyPem: pem('root'), certificatePem: encodePem('CERTIFICATE', root.der) };
    assert.deepEqual(judge([await list()], { policy }), ['revocation-unknown']);
    assert.deepEqual(judge([await list(), await list({ issuer: rootIssuer })], { policy }), []);
    const without = await list({
      issuer: rootIssuer,
      revoked: [{ serialNumber: middle.serialNumber, at: issuedAt }],
    });
    assert.deepEqual(judge([await list(), without]), ['revoked']);
  });

  it('reads many entries, and refuses bytes that are no list', async () => {
    const many = Array.from({ length: 300 }, (_, index) => ({
      serialNumber: (index + 1).toString(16),
      at: issuedAt,
    }));
    assert.equal((await list({ revoked: many })).revoked.get('ff'), issuedAt);
    for (const bytes of [Buffer.alloc(0), Buffer.from('3000', 'hex'), leaf.der])
      assert.throws(() => parseRevocationList(bytes), RevocationListError);
  });
});

function pem(key: keyof typeof keys): string {
  return keys[key].export({ format: 'pem', type: 'pkcs8' }).toString();
}
