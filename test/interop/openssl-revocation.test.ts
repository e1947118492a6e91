/** Revocation by the real openssl: its OCSP responder answers us, its lists convince us, and it reads ours. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it, type TestContext } from 'node:test';
import { decodePem, encodePem } from '../../src/lib/pem.ts';
import { buildCertificate, importKey, publicKeyOf } from '../../src/pki/certificate.ts';
import { encodeName } from '../../src/pki/distinguished-name.ts';
import {
  buildAuthorityConstraints,
  buildExtKeyUsage,
  buildKeyUsage,
  keyUsageBits,
} from '../../src/pki/extensions.ts';
import { issueProviderCertificate } from '../../src/pki/issue.ts';
import { parseCertificate } from '../../src/smime/certificate.ts';
import { checkChain } from '../../src/smime/chain.ts';
import { oids } from '../../src/smime/oids.ts';
import { livePolicy, type VerificationPolicy } from '../../src/smime/trust.ts';
import { createHttpClient } from '../../src/trust/http.ts';
import { openKeptFiles } from '../../src/trust/kept-files.ts';
import { openLiveTrust, type RevocationEvent } from '../../src/trust/live-trust.ts';
import { makeFolder } from '../support/folder.ts';
import { startWebServer } from '../support/web-server.ts';
import { authority, otherProvider, provider } from '../unit/pki/authority.ts';

const day = 86_400_000;
const issuedAt = Date.now() - day;

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** A certificate valid now, whose statuses are said where the test wants; openssl has no other clock than ours. */
async function start(t: TestContext, locations: { readonly crl: string; readonly ocsp: string }) {
  const folder = makeFolder(t);
  const file = (name: string) => join(folder, name);
  const write = (name: string, content: string | Uint8Array) => writeFileSync(file(name), content);
  // openssl judges by the clock of the machine, so the shared keys get certificates that are valid now.
  const root = await selfSigned('Radice', authority.root.keyPem);
  const issued = await issueProviderCertificate(
    {
      ...authority,
      mail: { keyPem: authority.root.keyPem, certificatePem: root },
      crlUrl: locations.crl,
      ocspUrl: locations.ocsp,
    },
    { providerName: 'Gestore Alfa', domain: 'alfa.test', at: issuedAt, keyPem: provider.keyPem },
  );
  write('root.pem', root);
  write('root.key', authority.root.keyPem);
  write('provider.pem', issued.certificatePem);
  write('serial', '01');
  write('ca.cnf', '[ca]\ndefault_ca=x\n[x]\ndatabase=index.txt\ndefault_md=sha256\ndefault_crl_days=7\n');
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const [der = new Uint8Array(0)] = decodePem('CERTIFICATE', issued.certificatePem);
  const certificate = parseCertificate(der);
  /** The register that `openssl ca` and `openssl ocsp` share. */
  const register = (state: 'V' | 'R' | undefined) => {
    const stamp = (at: number) => `${new Date(at).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`;
    const revoked = state === 'R' ? `${stamp(Date.now() - 3_600_000)},keyCompromise` : '';
    const serial = certificate.serialNumber.toUpperCase();
    const line = [state, stamp(certificate.notAfter), revoked, serial, 'unknown', '/CN=Gestore Alfa'].join(
      '\t',
    );
    write('index.txt', state === undefined ? '' : `${line}\n`);
    write('index.txt.attr', 'unique_subject = no\n');
  };
  const events: RevocationEvent[] = [];
  const openTrust = (use: 'crl' | 'ocsp') =>
    openLiveTrust({
      readAuthorities: () => ({ anchors: decodePem('CERTIFICATE', root), intermediates: [] }),
      listCertificates: () => [der],
      web: createHttpClient(),
      crlFiles: openKeptFiles(makeFolder(t), '.crl'),
      ocspFiles: openKeptFiles(makeFolder(t), '.ocsp'),
      clock: Date.now,
      useCrl: use === 'crl',
      useOcsp: use === 'ocsp',
      maxAgeMs: day,
      isAllowed: () => true,
      report: (event) => void events.push(event),
    });
  const judge = async (use: 'crl' | 'ocsp', policy: VerificationPolicy = livePolicy) => {
    const trust = openTrust(use);
    await trust.refresh();
    const now = Date.now();
    const request = { found: [], trust: trust.current(), policy, instants: [now], revocationAt: now };
    return checkChain({ certificate, ...request }).problems.map(({ code }) => code);
  };
  return { folder, file, write, openssl, register, judge, events, root };
}

async function selfSigned(commonName: string, keyPem: string): Promise<string> {
  const key = importKey(keyPem);
  const der = await buildCertificate({
    subject: encodeName({ country: 'IT', organization: 'Prova', commonName }),
    publicKey: publicKeyOf(key),
    issuerKey: key,
    notBefore: issuedAt,
    notAfter: issuedAt + 365 * day,
    extensions: [buildAuthorityConstraints(), buildKeyUsage(keyUsageBits.keyCertSign, keyUsageBits.crlSign)],
  });
  return encodePem('CERTIFICATE', der);
}

/** `openssl ocsp` as a responder, until the test ends. */
async function startResponder(t: TestContext, folder: string, port: number, signer: string[]): Promise<void> {
  const args = ['ocsp', '-port', String(port), '-index', 'index.txt', '-CA', 'root.pem', ...signer];
  const child = spawn('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(async () => {
    if (child.exitCode !== null) return;
    child.kill();
    await once(child, 'close');
  });
  await new Promise<void>((resolve, reject) => {
    child.on('close', (code) => reject(new Error(`openssl ocsp ended with ${code}`)));
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (line) => {
        if (/ACCEPT|waiting for/i.test(line)) resolve();
      });
  });
}

describe("openssl's OCSP responder", () => {
  const ownKey = ['-rsigner', 'root.pem', '-rkey', 'root.key', '-nmin', '60'];

  for (const [state, codes] of [
    ['V', []],
    ['R', ['revoked']],
    [undefined, ['revocation-unknown']],
  ] as const)
    it(`is understood when its register says ${state ?? 'nothing'}`, async (t) => {
      const port = await freePort();
      const world = await start(t, { crl: 'http://127.0.0.1:1/', ocsp: `http://127.0.0.1:${port}/` });
      world.register(state);
      await startResponder(t, world.folder, port, ownKey);
      assert.deepEqual(await world.judge('ocsp'), codes, JSON.stringify(world.events));
      assert.deepEqual(
        world.events.map(({ outcome }) => outcome),
        ['fetched'],
      );
    });

  it('may be somebody the authority certified for it, and nobody else', async (t) => {
    for (const [purpose, expected] of [
      [oids.ocspSigning, []],
      [oids.emailProtection, ['revocation-unknown']],
    ] as const) {
      const port = await freePort();
      const world = await start(t, { crl: 'http://127.0.0.1:1/', ocsp: `http://127.0.0.1:${port}/` });
      world.register('V');
      const key = importKey(otherProvider.keyPem);
      const delegate = await buildCertificate({
        subject: encodeName({ commonName: 'Risponditore' }),
        publicKey: publicKeyOf(key),
        issuerCertificatePem: world.root,
        issuerKey: importKey(authority.root.keyPem),
        notBefore: issuedAt,
        notAfter: issuedAt + 30 * day,
        extensions: [buildExtKeyUsage([purpose])],
      });
      world.write('responder.pem', encodePem('CERTIFICATE', delegate));
      world.write('responder.key', otherProvider.keyPem);
      const signer = ['-rsigner', 'responder.pem', '-rkey', 'responder.key', '-nmin', '60'];
      await startResponder(t, world.folder, port, signer);
      assert.deepEqual(await world.judge('ocsp'), expected, JSON.stringify(world.events));
    }
  });

  it('counts for a while also when it says no next update', async (t) => {
    const port = await freePort();
    const world = await start(t, { crl: 'http://127.0.0.1:1/', ocsp: `http://127.0.0.1:${port}/` });
    world.register('V');
    await startResponder(t, world.folder, port, ownKey.slice(0, 4));
    assert.deepEqual(await world.judge('ocsp'), []);
  });
});

describe("openssl's revocation lists", () => {
  for (const form of ['DER', 'PEM'] as const)
    it(`are fetched and believed, in ${form}`, async (t) => {
      const web = await startWebServer(t);
      const world = await start(t, { crl: `${web.origin}/radice.crl`, ocsp: 'http://127.0.0.1:1/' });
      const publish = (state: 'V' | 'R') => {
        world.register(state);
        const signer = ['-config', 'ca.cnf', '-cert', 'root.pem', '-keyfile', 'root.key'];
        world.openssl('ca', '-gencrl', ...signer, '-out', 'crl.pem');
        world.openssl('crl', '-in', 'crl.pem', '-outform', form, '-out', 'radice.crl');
        web.pages.set('/radice.crl', readFileSync(world.file('radice.crl')));
      };
      publish('V');
      assert.deepEqual(await world.judge('crl'), [], JSON.stringify(world.events));
      publish('R');
      assert.deepEqual(await world.judge('crl'), ['revoked'], JSON.stringify(world.events));
      world.openssl('verify', '-CAfile', 'root.pem', 'provider.pem');
      assert.throws(
        () =>
          world.openssl('verify', '-crl_check', '-CRLfile', 'crl.pem', '-CAfile', 'root.pem', 'provider.pem'),
        /certificate revoked/,
      );
    });
});
