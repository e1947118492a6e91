/** What the provider keeps current beside the mail, with the configuration of a real provider. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { parseConfig } from '../../src/config/load.ts';
import type { ConfigInput } from '../../src/config/schema.ts';
import { createPemSigner } from '../../src/keys/pem.ts';
import { MailError } from '../../src/lib/mail-error.ts';
import { decodePem } from '../../src/lib/pem.ts';
import { buildCrl } from '../../src/pki/crl.ts';
import { issueProviderCertificate } from '../../src/pki/issue.ts';
import { buildIndex } from '../../src/provider-index/index-ldif.ts';
import type { IndexedProvider } from '../../src/provider-index/provider-index.ts';
import { buildSignedLdif } from '../../src/provider-index/signed-ldif.ts';
import { hashCertificate, parseCertificate } from '../../src/smime/certificate.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { openUpkeep } from '../../src/upkeep.ts';
import { makeFolder } from '../support/folder.ts';
import { startSntpDouble } from '../support/sntp-double.ts';
import { startWebServer } from '../support/web-server.ts';
import { authority, issuedAt, otherProvider, provider } from './pki/authority.ts';
import { alfa, beta } from './provider-index/providers.ts';

const hour = 3_600_000;
const day = 24 * hour;
const derOf = (pem: string) => decodePem('CERTIFICATE', pem)[0] ?? new Uint8Array(0);

/** The next certificate of alfa, for a key of its own. */
const next = await issueProviderCertificate(authority, {
  providerName: alfa.name,
  domain: 'alfa.test',
  at: issuedAt + day,
  keyPem: otherProvider.keyPem,
});

function withCertificates(record: IndexedProvider, ...pems: string[]): IndexedProvider {
  const certificates = pems.map(derOf);
  return { ...record, certificates, certificateHashes: certificates.map(hashCertificate) };
}

async function start(t: TestContext, settings: Partial<ConfigInput> = {}) {
  const folder = makeFolder(t);
  const file = (name: string) => join(folder, name);
  const write = (name: string, content: string | Uint8Array) => {
    writeFileSync(file(name), content, { mode: 0o600 });
    return file(name);
  };
  const time = { now: issuedAt + 2 * day };
  const install = ({ keyPem, chainPem }: { keyPem: string; chainPem: string }) => {
    write('signing.key', keyPem);
    write('signing.pem', chainPem);
  };
  const publish = async (...records: IndexedProvider[]) => {
    const signer = createPemSigner(provider);
    write('index.p7m', await buildSignedLdif(buildIndex(records), signer, time.now));
  };
  install(provider);
  await publish(withCertificates(alfa, provider.certificatePem), beta);
  const config = parseConfig(
    {
      provider: { name: alfa.name, domain: 'alfa.test', hostname: 'mail.alfa.test' },
      dataFolder: file('data'),
      tls: { certificate: 'tls.pem', key: 'tls.key' },
      signing: { kind: 'pem', key: file('signing.key'), chain: file('signing.pem') },
      trust: { anchors: [write('root.pem', authority.root.certificatePem)], crl: 'off' },
      index: { kind: 'file', path: file('index.p7m') },
      ...settings,
    } satisfies ConfigInput,
    file('config.json'),
  );
  const lines: { level: string; event: string; [name: string]: unknown }[] = [];
  const log = createLog({
    level: 'info',
    destination: { write: (line: string) => void lines.push(JSON.parse(line)) },
  });
  const used: (Uint8Array | undefined)[] = [];
  const open = (clock = () => time.now) =>
    openUpkeep(config, {
      log,
      clock,
      tlsCertificate: () => provider.certificatePem,
      beforeUse: async ({ chain }) => void used.push(chain[0]),
      onError: (error) => assert.fail(error instanceof Error ? error : String(error)),
    });
  const linesOf = (event: string) => lines.filter((line) => line.event === event);
  return { time, install, publish, open, write, log, linesOf, used, file };
}

function refusalOf(ready: () => void): string | undefined {
  try {
    ready();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof MailError && error.kind === 'temporary', String(error));
    assert.deepEqual(error.smtp, { code: 451, enhanced: '4.3.0' });
    return error.publicText;
  }
}

describe('readiness to certify', () => {
  it('is there with a right clock and an index', async (t) => {
    const ntp = await startSntpDouble(t);
    const { open } = await start(t, { clock: { ntpServers: [`127.0.0.1:${ntp.port}`] } });
    const { ready } = await open(Date.now);
    assert.equal(refusalOf(ready), undefined);
    assert.equal(ntp.asked, 1);
  });

  it('ends with a clock beyond the limit, with an alarm', async (t) => {
    const ntp = await startSntpDouble(t);
    ntp.ahead = 1500;
    const { open, linesOf, log } = await start(t, { clock: { ntpServers: [`127.0.0.1:${ntp.port}`] } });
    const { ready } = await open(Date.now);
    assert.match(refusalOf(ready) ?? '', /clock cannot be relied upon.*try again later/);
    assert.equal(linesOf('clock')[0]?.level, 'error');
    assert.match(log.metrics.render(), /^pec_clock_right 0$/m);
  });

  it('goes on for a while when no server answers, with a warning', async (t) => {
    const { open, linesOf } = await start(t, { clock: { ntpServers: ['127.0.0.1:9'] } });
    const { ready } = await open(Date.now);
    assert.equal(refusalOf(ready), undefined);
    assert.deepEqual([linesOf('clock')[0]?.level, linesOf('clock')[0]?.trusted], ['warn', true]);
  });

  it('does not hang on the clock in a sandbox, which can be moved', async (t) => {
    const ntp = await startSntpDouble(t);
    ntp.ahead = 3_600_000;
    const loopback = { address: '127.0.0.1', port: 0 };
    const { open } = await start(t, {
      sandbox: true,
      listen: {
        submission: loopback,
        submissions: null,
        mx: null,
        imap: null,
        imaps: null,
        pop3: null,
        pop3s: null,
      },
      clock: { ntpServers: [`127.0.0.1:${ntp.port}`] },
    });
    assert.equal(refusalOf((await open(Date.now)).ready), undefined);
    assert.equal(ntp.asked, 0);
  });

  it('is not there before the first index, nor with one that is too old', async (t) => {
    const { open, write, publish, time, linesOf } = await start(t, {});
    write('index.p7m', 'no index');
    const empty = await open();
    assert.match(refusalOf(empty.ready) ?? '', /index of certified mail providers is not available yet/);
    assert.equal(linesOf('index')[0]?.level, 'error');
    await publish(alfa, beta);
    const { ready } = await open();
    assert.equal(refusalOf(ready), undefined);
    time.now += 168 * hour;
    assert.equal(refusalOf(ready), undefined);
    time.now += 1;
    assert.match(refusalOf(ready) ?? '', /too old/);
  });
});

describe('renewal of the signing key', () => {
  const hashOf = ({ chain }: { chain: readonly Uint8Array[] }) =>
    hashCertificate(chain[0] ?? new Uint8Array(0));
  const oldHash = hashCertificate(derOf(provider.certificatePem));
  const nextHash = hashCertificate(derOf(next.certificatePem));

  it('takes the next key when the index has both certificates', async (t) => {
    const { open, install, publish, used, linesOf } = await start(t);
    await publish(withCertificates(alfa, provider.certificatePem, next.certificatePem));
    const { signing, reload } = await open();
    assert.equal(hashOf(signing.current()), oldHash);
    install(next);
    await reload();
    assert.equal(hashOf(signing.current()), nextHash);
    assert.deepEqual(
      used.map((der) => hashCertificate(der ?? new Uint8Array(0))),
      [oldHash, nextHash],
      'known to the log before it signs',
    );
    assert.deepEqual(
      linesOf('reloaded').map(({ what }) => what),
      ['signing', 'trust'],
    );
  });

  const refusals: Record<string, [{ keyPem: string; chainPem: string }, RegExp]> = {
    'whose certificate the index does not have yet': [
      next,
      /does not carry the new certificate.*pec index publish/,
    ],
    'of another provider': [
      otherProvider,
      /not for posta-certificata@alfa\.test but for posta-certificata@beta\.test/,
    ],
    'that does not belong to the certificate': [
      { keyPem: otherProvider.keyPem, chainPem: provider.chainPem },
      /does not belong to the first certificate/,
    ],
    'that cannot be read': [{ keyPem: 'x', chainPem: 'y' }, /cannot be read/],
  };
  for (const [name, [pem, reason]] of Object.entries(refusals))
    it(`refuses one ${name}, and signs on with the old one`, async (t) => {
      const { open, install, used, linesOf } = await start(t);
      const { signing, reload } = await open();
      install(pem);
      await reload();
      assert.equal(hashOf(signing.current()), oldHash);
      assert.equal(used.length, 1);
      const [told] = linesOf('not-reloaded');
      assert.deepEqual([told?.level, told?.what], ['error', 'signing']);
      assert.match(String(told?.reason), reason);
    });

  it('refuses one that has expired', async (t) => {
    const { open, install, publish, time, linesOf } = await start(t);
    await publish(withCertificates(alfa, provider.certificatePem, next.certificatePem));
    const { reload } = await open();
    time.now += 3 * 365 * day + 3 * day;
    install(next);
    await reload();
    assert.match(String(linesOf('not-reloaded')[0]?.reason), /expired on/);
  });
});

describe('in the background', () => {
  it('the life of both certificates is told, with a warning from 60 days before the end', async (t) => {
    const { open, log, time, linesOf } = await start(t);
    time.now = parseCertificate(derOf(provider.certificatePem)).notAfter - 60 * day;
    const upkeep = await open();
    const runners = upkeep.start();
    await new Promise(setImmediate);
    await Promise.all(runners.map((runner) => runner.stop()));
    assert.match(log.metrics.render(), /^pec_certificate_days_left\{use="signing"\} 60$/m);
    assert.match(log.metrics.render(), /^pec_certificate_days_left\{use="tls"\} 60$/m);
    assert.deepEqual(
      linesOf('certificate').map(({ level, use }) => [level, use]),
      [
        ['warn', 'signing'],
        ['warn', 'tls'],
      ],
    );
  });

  it('lists are fetched and count for the next message; a stop does not wait for a silent server', async (t) => {
    const web = await startWebServer(t);
    const issued = await issueProviderCertificate(
      { ...authority, crlUrl: `${web.origin}/posta.crl` },
      { providerName: beta.name, domain: 'beta.test', at: issuedAt, keyPem: otherProvider.keyPem },
    );
    const trust: ConfigInput['trust'] = { anchors: ['root.pem'], crl: 'required' };
    const { open, publish, time } = await start(t, { trust });
    await publish(
      withCertificates(alfa, provider.certificatePem),
      withCertificates(beta, issued.certificatePem),
    );
    const list = { issuer: authority.mail, revoked: [], number: 1, thisUpdate: time.now };
    const bytes = await buildCrl({ ...list, nextUpdate: time.now + day });
    const asked = new Promise<void>((resolve) => {
      web.pages.set('/posta.crl', () => resolve());
    });
    const silent = await open();
    const runners = silent.start();
    await asked;
    await Promise.all(runners.map((runner) => runner.stop()));
    assert.equal(silent.trust.current().revocationLists.length, 0);
    web.pages.set('/posta.crl', bytes);
    const upkeep = await open();
    await upkeep.trust.refresh();
    assert.equal(upkeep.trust.current().revocationLists.length, 1);
    assert.equal((await open()).trust.current().revocationLists.length, 1, 'kept on disk');
  });
});
