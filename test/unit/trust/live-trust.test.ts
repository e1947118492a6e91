/** Revocation lists and OCSP answers kept current, against a web server on loopback. */
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { decodePem } from '../../../src/lib/pem.ts';
import { buildCrl } from '../../../src/pki/crl.ts';
import { issueProviderCertificate } from '../../../src/pki/issue.ts';
import { parseCertificate } from '../../../src/smime/certificate.ts';
import { checkChain } from '../../../src/smime/chain.ts';
import { livePolicy } from '../../../src/smime/trust.ts';
import { createHttpClient } from '../../../src/trust/http.ts';
import { openKeptFiles } from '../../../src/trust/kept-files.ts';
import { type LiveTrustOptions, openLiveTrust, type RevocationEvent } from '../../../src/trust/live-trust.ts';
import { makeFolder } from '../../support/folder.ts';
import { startWebServer } from '../../support/web-server.ts';
import { authority, issuedAt, otherProvider, provider } from '../pki/authority.ts';

const hour = 3_600_000;
const day = 24 * hour;
const derOf = (pem: string) => decodePem('CERTIFICATE', pem);
const serialOf = (pem: string) => parseCertificate(derOf(pem)[0] ?? new Uint8Array(0)).serialNumber;

/** A provider whose certificate names lists on the server of this test, and the trust of somebody who knows it. */
async function start(t: TestContext, changes: Partial<LiveTrustOptions> = {}) {
  const web = await startWebServer(t);
  const time = { now: issuedAt + day };
  const issued = await issueProviderCertificate(
    { ...authority, crlUrl: `${web.origin}/posta.crl`, ocspUrl: `${web.origin}/ocsp` },
    { providerName: 'Gestore Alfa', domain: 'alfa.test', at: issuedAt, keyPem: provider.keyPem },
  );
  const certificates = { listed: derOf(issued.certificatePem) };
  const folder = makeFolder(t);
  const events: RevocationEvent[] = [];
  const options: LiveTrustOptions = {
    readAuthorities: () => ({
      anchors: derOf(authority.root.certificatePem),
      intermediates: derOf(authority.mail.certificatePem),
    }),
    listCertificates: () => certificates.listed,
    web: createHttpClient(),
    crlFiles: openKeptFiles(folder, '.crl'),
    ocspFiles: openKeptFiles(folder, '.ocsp'),
    clock: () => time.now,
    useCrl: true,
    useOcsp: false,
    maxAgeMs: day,
    // The issuing authority's own certificate names a list at localhost port 80.
    isAllowed: (url) => url.startsWith(web.origin),
    report: (event) => void events.push(event),
    ...changes,
  };
  const publish = async (more: Partial<Parameters<typeof buildCrl>[0]> = {}) => {
    const list = { issuer: authority.mail, revoked: [], number: 1, thisUpdate: time.now };
    web.pages.set('/posta.crl', await buildCrl({ ...list, nextUpdate: time.now + 7 * day, ...more }));
  };
  const serialNumber = serialOf(issued.certificatePem);
  const revoked = [{ serialNumber, at: issuedAt, reason: 'keyCompromise' as const }];
  const judge = (trust: ReturnType<typeof openLiveTrust>) =>
    checkChain({
      certificate: parseCertificate(derOf(issued.certificatePem)[0] ?? new Uint8Array(0)),
      found: [],
      trust: trust.current(),
      policy: livePolicy,
      instants: [time.now],
      revocationAt: time.now,
    }).problems.map(({ code }) => code);
  return { ...web, time, folder, events, options, publish, revoked, judge, certificates };
}

describe('revocation lists of the running provider', () => {
  it('are fetched from where the certificates say, and count at once', async (t) => {
    const { origin, options, publish, judge, revoked, time, asked, events } = await start(t);
    const trust = openLiveTrust(options);
    assert.deepEqual(judge(trust), ['revocation-unknown']);
    await publish();
    const next = await trust.refresh();
    assert.equal(next, time.now + 12 * hour);
    assert.deepEqual(judge(trust), []);
    const url = `${origin}/posta.crl`;
    assert.deepEqual(events, [{ kind: 'crl', outcome: 'fetched', url, freshUntil: time.now + day }]);
    await trust.refresh();
    assert.deepEqual(asked, ['GET /posta.crl'], 'not before it is due');
    time.now += 12 * hour;
    await publish({ revoked });
    await trust.refresh();
    assert.deepEqual(judge(trust), ['revoked']);
  });

  it('are parsed once: the trust is the same object until something changes', async (t) => {
    const { options, publish, time } = await start(t);
    const trust = openLiveTrust(options);
    await publish();
    await trust.refresh();
    const first = trust.current();
    await trust.refresh();
    assert.equal(trust.current(), first);
    time.now += day;
    await trust.refresh();
    assert.notEqual(trust.current(), first);
  });

  it('go stale when they can be fetched no more, and revoke all the same', async (t) => {
    const { options, publish, judge, revoked, time, pages, events } = await start(t);
    const trust = openLiveTrust(options);
    await publish();
    await trust.refresh();
    pages.clear();
    time.now += day;
    assert.equal(await trust.refresh(), time.now + 60_000, 'tried again soon');
    assert.deepEqual(judge(trust), []);
    time.now += 1;
    assert.deepEqual(judge(trust), ['revocation-stale']);
    assert.match(JSON.stringify(events.at(-1)), /"outcome":"kept".*status 404/);
    await publish({ revoked });
    time.now += 60_000;
    await trust.refresh();
    pages.clear();
    time.now += 30 * day;
    assert.deepEqual(judge(trust), ['revoked']);
  });

  it('are out of date after their nextUpdate, however young the fetch', async (t) => {
    const { options, publish, judge, time } = await start(t);
    const trust = openLiveTrust(options);
    await publish({ nextUpdate: time.now + hour });
    assert.equal(await trust.refresh(), time.now + hour - hour / 10);
    time.now += hour + 1;
    assert.deepEqual(judge(trust), ['revocation-stale']);
  });

  it('survive a restart without a network', async (t) => {
    const { options, publish, judge, revoked, pages, time } = await start(t);
    await publish({ revoked });
    await openLiveTrust(options).refresh();
    pages.clear();
    time.now += hour;
    const again = openLiveTrust(options);
    await again.load();
    assert.deepEqual(judge(again), ['revoked']);
  });

  it('are as if they were not there when damaged on disk', async (t) => {
    const { options, publish, judge, folder } = await start(t);
    await publish();
    await openLiveTrust(options).refresh();
    for (const name of readdirSync(folder)) writeFileSync(join(folder, name), 'torn');
    const again = openLiveTrust(options);
    await again.load();
    assert.deepEqual(judge(again), ['revocation-unknown']);
    await again.refresh();
    assert.deepEqual(judge(again), []);
  });

  it('are refused when they are not what the certificate promised; the last good one stays', async (t) => {
    const { options, publish, judge, revoked, time, pages, events } = await start(t);
    const trust = openLiveTrust(options);
    await publish({ revoked });
    await trust.refresh();
    const good = Buffer.from(pages.get('/posta.crl') as Uint8Array);
    const altered = Buffer.from(good);
    altered[good.length - 1] = (good.at(-1) ?? 0) ^ 1;
    const forger = { certificatePem: authority.mail.certificatePem, keyPem: otherProvider.keyPem };
    const list = { revoked: [], number: 2, thisUpdate: time.now, nextUpdate: time.now + day };
    const wrongs: [Uint8Array, RegExp][] = [
      [altered, /not signed by/],
      [await buildCrl({ ...list, issuer: forger }), /not signed by/],
      [await buildCrl({ ...list, issuer: authority.root }), /another authority/],
      [await buildCrl({ ...list, issuer: authority.mail, thisUpdate: time.now - day }), /older than/],
      [await buildCrl({ ...list, issuer: authority.mail, thisUpdate: time.now + 2 * day }), /future/],
      [Buffer.from('<html>'), /./],
      [new Uint8Array(0), /broken/],
    ];
    time.now += 12 * hour;
    for (const [bytes, reason] of wrongs) {
      time.now += hour;
      pages.set('/posta.crl', bytes);
      await trust.refresh();
      const last = events.at(-1);
      assert.ok(last?.outcome === 'kept' && reason.test(last.reason), JSON.stringify(last));
      assert.deepEqual(judge(trust), ['revoked']);
    }
  });

  it('need the certificate of their authority, and say what to do', async (t) => {
    const anchorsOnly = () => ({ anchors: derOf(authority.root.certificatePem), intermediates: [] });
    const { options, publish, events } = await start(t, { readAuthorities: anchorsOnly });
    await publish();
    await openLiveTrust(options).refresh();
    assert.match(JSON.stringify(events), /add it to trust\.intermediates/);
  });

  it('follow the index: a new provider is noticed, a gone one forgotten', async (t) => {
    const { options, publish, certificates, asked, judge } = await start(t);
    const { listed } = certificates;
    certificates.listed = [];
    const trust = openLiveTrust(options);
    await publish();
    assert.equal(await trust.refresh(), undefined);
    assert.deepEqual(asked, []);
    certificates.listed = listed;
    await trust.refresh();
    assert.deepEqual(judge(trust), []);
    certificates.listed = [];
    await trust.refresh();
    assert.deepEqual(judge(trust), ['revocation-unknown']);
  });

  it('are not asked for when switched off, nor at addresses that are not allowed', async (t) => {
    const { options, publish, asked } = await start(t);
    await publish();
    assert.equal(await openLiveTrust({ ...options, useCrl: false }).refresh(), undefined);
    assert.equal(await openLiveTrust({ ...options, isAllowed: () => false }).refresh(), undefined);
    assert.deepEqual(asked, []);
  });
});

describe('the authorities of the running provider', () => {
  it('are read again on reload, and stay when that fails', async (t) => {
    const files = { anchors: derOf(authority.root.certificatePem), broken: false };
    const { options, judge } = await start(t, {
      readAuthorities: () => {
        if (files.broken) throw new Error('no such file');
        return { anchors: files.anchors, intermediates: derOf(authority.mail.certificatePem) };
      },
    });
    const trust = openLiveTrust(options);
    files.broken = true;
    assert.throws(() => trust.reload(), /no such file/);
    assert.deepEqual(judge(trust), ['revocation-unknown']);
    files.broken = false;
    files.anchors = [];
    trust.reload();
    assert.deepEqual(judge(trust), ['chain-incomplete']);
  });
});
