/** What we sign, openssl verifies; what openssl signs, in each of its ways, we verify. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createPemSigner } from '../../src/keys/pem.ts';
import { decodePem, encodePem } from '../../src/lib/pem.ts';
import { scanMessage } from '../../src/mime/part-scanner.ts';
import { decodeTransfer } from '../../src/mime/transfer.ts';
import { buildCrl } from '../../src/pki/crl.ts';
import { buildSignedLdif } from '../../src/provider-index/signed-ldif.ts';
import { signMessage } from '../../src/smime/sign.ts';
import { locateSignature } from '../../src/smime/signed-parts.ts';
import { livePolicy, parseTrust } from '../../src/smime/trust.ts';
import { verifyAttached, verifySignedMessage } from '../../src/smime/verify.ts';
import { makeFolder } from '../support/folder.ts';
import { authority, issuedAt, otherProvider, provider } from '../unit/pki/authority.ts';

const signer = createPemSigner(provider);
const day = 86_400_000;
const policy = { ...livePolicy, revocation: 'none' } as const;
const trust = parseTrust({ anchors: decodePem('CERTIFICATE', authority.root.certificatePem) });
const atTime = ['-attime', String((issuedAt + day) / 1000)];
const body = 'Content-Type: text/plain\r\n\r\nIl messaggio e stato accettato\r\n. punto\r\nFrom riga\r\n';

/** A folder with the authority's files, and openssl in it. */
function start(t: TestContext) {
  const folder = makeFolder(t);
  const file = (name: string) => join(folder, name);
  const write = (name: string, content: string | Uint8Array) => writeFileSync(file(name), content);
  write('root.pem', authority.root.certificatePem);
  write('mail.pem', authority.mail.certificatePem);
  write('provider.pem', provider.certificatePem);
  write('provider.key', provider.keyPem);
  write('other.pem', otherProvider.certificatePem);
  write('other.key', otherProvider.keyPem);
  const openssl = (...args: string[]) => {
    const { status, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
    return { ok: status === 0, stderr };
  };
  return { file, write, openssl };
}

async function signed(): Promise<Buffer> {
  const content = Buffer.from(body);
  const { segments } = await signMessage(
    { header: Buffer.from('Subject: x\r\n'), content: [content], boundary: 'confine', eightBit: false },
    { contentDigest: createHash('sha256').update(content).digest(), signingTime: issuedAt + day, signer },
  );
  return Buffer.concat(segments as Uint8Array[]);
}

/** Our verdict on a message, as problem codes. */
function judge(message: Buffer, now = Date.now()): string[] {
  const tree = scanMessage(message);
  const parts = locateSignature(tree);
  if ('code' in parts) return [parts.code];
  const content = message.subarray(parts.start, parts.end);
  const { signature } = parts;
  const cms = decodeTransfer(
    signature.transferEncoding,
    message.subarray(signature.bodyStart, signature.bodyEnd),
  );
  const contentDigests = {
    sha1: createHash('sha1').update(content).digest(),
    sha256: createHash('sha256').update(content).digest(),
    sha512: createHash('sha512').update(content).digest(),
  };
  return verifySignedMessage({ tree, cms, contentDigests, trust, policy, now }).problems.map(
    ({ code }) => code,
  );
}

describe('openssl cms', () => {
  it('verifies our messages, chain included, and gives back the content', async (t) => {
    const { write, openssl, file } = start(t);
    write('message.eml', await signed());
    const result = openssl(
      'cms',
      '-verify',
      '-in',
      'message.eml',
      '-CAfile',
      'root.pem',
      ...atTime,
      '-out',
      'content',
    );
    assert.ok(result.ok, result.stderr);
    assert.equal(readFileSync(file('content'), 'latin1'), body);
  });

  it('refuses an altered one, as we do', async (t) => {
    const { write, openssl } = start(t);
    const altered = Buffer.from(
      (await signed()).toString('latin1').replace('accettato', 'rifiutato'),
      'latin1',
    );
    write('message.eml', altered);
    assert.ok(
      !openssl('cms', '-verify', '-in', 'message.eml', '-CAfile', 'root.pem', ...atTime, '-out', 'x').ok,
    );
    assert.deepEqual(judge(altered, issuedAt + day), ['digest-wrong']);
  });

  it('verifies our signed index', async (t) => {
    const { write, openssl, file } = start(t);
    write('indice.ldif.p7m', await buildSignedLdif(Buffer.from('dn: o=postacert\n'), signer, issuedAt + day));
    const args = [
      '-inform',
      'DER',
      '-in',
      'indice.ldif.p7m',
      '-CAfile',
      'root.pem',
      ...atTime,
      '-out',
      'ldif',
    ];
    const result = openssl('cms', '-verify', '-binary', ...args);
    assert.ok(result.ok, result.stderr);
    assert.equal(readFileSync(file('ldif'), 'utf8'), 'dn: o=postacert\n');
  });

  const ways: Record<string, string[]> = {
    'its usual way': [],
    'SHA-1': ['-md', 'sha1'],
    'SHA-512': ['-md', 'sha512'],
    'a signer by key identifier': ['-keyid'],
    'streaming, indefinite lengths': ['-stream'],
    'without S/MIME capabilities': ['-nosmimecap'],
  };
  for (const [name, options] of Object.entries(ways))
    it(`signs ${name}, and we verify`, (t) => {
      const { write, openssl, file } = start(t);
      write('content', body);
      const keys = ['-signer', 'provider.pem', '-inkey', 'provider.key', '-certfile', 'mail.pem'];
      const result = openssl(
        'cms',
        '-sign',
        '-binary',
        '-in',
        'content',
        ...keys,
        ...options,
        '-out',
        'message.eml',
      );
      assert.ok(result.ok, result.stderr);
      const text = readFileSync(file('message.eml'), 'latin1');
      // openssl writes the MIME structure with LF and the content as it was.
      const message = Buffer.from(text.replace(/\r?\n/g, '\r\n'), 'latin1');
      const problems = judge(message);
      // The certificates are of the test's own day; openssl signs today.
      assert.deepEqual(
        problems.filter((code) => code !== 'expired' && code !== 'not-yet-valid'),
        [],
      );
    });

  it('signs with its content inside, DER and streaming, and we verify', (t) => {
    const { write, openssl, file } = start(t);
    write('content', body);
    for (const way of [[], ['-stream']]) {
      const keys = ['-signer', 'provider.pem', '-inkey', 'provider.key', '-certfile', 'mail.pem'];
      const out = ['-outform', 'DER', '-out', 'file.p7m'];
      assert.ok(
        openssl('cms', '-sign', '-binary', '-nodetach', '-in', 'content', ...keys, ...way, ...out).ok,
      );
      const now = Date.now();
      const { verdict, content } = verifyAttached({
        cms: readFileSync(file('file.p7m')),
        trust,
        policy,
        now,
      });
      const others = verdict.problems.filter(({ code }) => code !== 'expired' && code !== 'not-yet-valid');
      assert.deepEqual(others, []);
      assert.equal(Buffer.from(content ?? []).toString('latin1'), body);
    }
  });

  it('signs twice and without attributes, and we refuse', (t) => {
    const { write, openssl, file } = start(t);
    write('content', body);
    const keys = ['-signer', 'provider.pem', '-inkey', 'provider.key'];
    const others = ['-signer', 'other.pem', '-inkey', 'other.key'];
    const crlf = () =>
      Buffer.from(readFileSync(file('message.eml'), 'latin1').replace(/\r?\n/g, '\r\n'), 'latin1');
    assert.ok(
      openssl('cms', '-sign', '-binary', '-in', 'content', ...keys, ...others, '-out', 'message.eml').ok,
    );
    assert.deepEqual(judge(crlf()), ['several-signers']);
    assert.ok(
      openssl('cms', '-sign', '-binary', '-noattr', '-in', 'content', ...keys, '-out', 'message.eml').ok,
    );
    assert.ok(judge(crlf()).includes('attributes-missing'));
  });
});

describe('openssl verify and crl', () => {
  const issue = async (revoked: { serialNumber: string; at: number }[]) => {
    const times = { thisUpdate: issuedAt, nextUpdate: issuedAt + 30 * day, number: 1 };
    const lists = [
      await buildCrl({ issuer: authority.mail, revoked, ...times }),
      await buildCrl({ issuer: authority.root, revoked: [], ...times }),
    ];
    return lists.map((der) => encodePem('X509 CRL', der)).join('');
  };
  const strict = ['-x509_strict', '-crl_check_all', '-CRLfile', 'crl.pem', '-CAfile', 'root.pem'];

  it('finds the provider certificate good in every respect, by the strict rules', async (t) => {
    const { write, openssl } = start(t);
    write('crl.pem', await issue([]));
    const args = ['-untrusted', 'mail.pem', '-purpose', 'smimesign', ...atTime, 'provider.pem'];
    const result = openssl('verify', ...strict, ...args);
    assert.ok(result.ok, result.stderr);
  });

  it('finds it revoked when our list says so', async (t) => {
    const { write, openssl, file } = start(t);
    const serial = execFileSync('openssl', ['x509', '-in', file('provider.pem'), '-noout', '-serial'], {
      encoding: 'utf8',
    });
    const serialNumber = serial.trim().split('=')[1] ?? '';
    write('crl.pem', await issue([{ serialNumber, at: issuedAt }]));
    const args = ['-untrusted', 'mail.pem', ...atTime, 'provider.pem'];
    const result = openssl('verify', ...strict, ...args);
    assert.match(result.stderr, /certificate revoked/);
  });
});
