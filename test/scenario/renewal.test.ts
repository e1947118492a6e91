/** The signing key is renewed while mail goes both ways: nothing stops, and nothing is refused. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodePem } from '../../src/lib/pem.ts';
import { issueProviderCertificate } from '../../src/pki/issue.ts';
import { nameCertificate } from '../../src/points/signing-chains.ts';
import { buildIndex, parseIndex } from '../../src/provider-index/index-ldif.ts';
import { hashCertificate } from '../../src/smime/certificate.ts';
import { providerNames, sharedPki } from '../support/scenario-pki.ts';
import { hour, scenario } from '../support/scenario-world.ts';

const pki = await sharedPki();
const folder = mkdtempSync(join(tmpdir(), 'openpec-renewal-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const file = (name: string) => join(folder, name);
const old = pki.providers.alfa;
const next = await issueProviderCertificate(pki.ca, {
  providerName: providerNames.alfa,
  domain: 'alfa.test',
  at: Date.now() - hour,
});

function install({ keyPem, chainPem }: { readonly keyPem: string; readonly chainPem: string }): void {
  writeFileSync(file('signing.key'), keyPem, { mode: 0o600 });
  writeFileSync(file('signing.pem'), chainPem);
}

/** The index of the scenarios, with these certificates in the record of alfa. */
function publish(...pems: string[]): void {
  const certificates = pems.flatMap((pem) => decodePem('CERTIFICATE', pem).slice(0, 1));
  const certificateHashes = certificates.map(hashCertificate);
  const { providers } = parseIndex(readFileSync(pki.indexFile));
  const changed = providers.map((each) =>
    each.name === providerNames.alfa ? { ...each, certificates, certificateHashes } : each,
  );
  writeFileSync(file('index.ldif'), buildIndex(changed));
}

install(old);
publish(old.certificatePem);
const index = { kind: 'file', path: file('index.ldif') } as const;
const signing = { kind: 'pem', key: file('signing.key'), chain: file('signing.pem') } as const;

scenario(
  'the next key signs from one message to the next, when the index has it',
  { settings: { alfa: { index, signing }, beta: { index } } },
  async (world) => {
    const { alfa, beta } = world;
    const names = [old, next].map(({ certificatePem }) =>
      nameCertificate({ chain: decodePem('CERTIFICATE', certificatePem) }),
    );
    /** Both ways, to the last receipt; the certificates that alfa signed with. */
    const exchange = async (): Promise<Set<string | undefined>> => {
      const before = (await alfa.events()).length;
      for (const [site, from, to] of [
        [alfa, 'mario.rossi@alfa.test', 'anna.bianchi@beta.test'],
        [beta, 'anna.bianchi@beta.test', 'mario.rossi@alfa.test'],
      ] as const) {
        const text = `From: ${from}\r\nTo: ${to}\r\nSubject: Rinnovo\r\n\r\nBuongiorno\r\n`;
        const reply = await site.submit({ from, to: [to], message: Buffer.from(text) });
        assert.equal(reply.code, 250, reply.text);
      }
      await world.settle();
      const events = (await alfa.events()).slice(before);
      return new Set(
        events.flatMap(({ generated }) => generated.map(({ signature }) => signature?.certificate)),
      );
    };
    assert.deepEqual(await exchange(), new Set([names[0]]));
    install(next);
    await alfa.reload();
    assert.deepEqual(await exchange(), new Set([names[0]]), 'not before the index has it');
    assert.ok(
      alfa.diagnostics.some((line) => line.includes('not-reloaded') && line.includes('pec index publish')),
    );
    world.expectFaults(/not-reloaded/);
    publish(old.certificatePem, next.certificatePem);
    await Promise.all([alfa.reload(), beta.reload()]);
    assert.deepEqual(await exchange(), new Set([names[1]]));
    publish(next.certificatePem);
    await Promise.all([alfa.reload(), beta.reload()]);
    assert.deepEqual(await exchange(), new Set([names[1]]));
    assert.equal((await beta.mails('anna.bianchi')).length, 4 + 4 * 2);
  },
);
