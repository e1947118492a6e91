/** The provider's own record of the index at the address it publishes: signed, with all domains, not made anew each time. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/load.ts';
import { startProvider } from '../../src/main.ts';
import { parseIndex } from '../../src/provider-index/index-ldif.ts';
import { openSignedLdif } from '../../src/provider-index/signed-ldif.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { openStores, readTrust } from '../../src/wire.ts';
import { makeFolder } from '../support/folder.ts';
import { type ScenarioPki, sharedPki } from '../support/scenario-pki.ts';
import { askWeb } from '../support/web-client.ts';

function buildConfig(pki: ScenarioPki, folder: string, ldifUrl: string) {
  const none = { submission: null, submissions: null, mx: null, imap: null, imaps: null, pop3: null };
  return parseConfig(
    {
      provider: { name: 'Gestore Alfa S.p.A.', domain: 'alfa.test', hostname: 'localhost' },
      dataFolder: join(folder, 'data'),
      listen: { ...none, pop3s: null, https: { address: '127.0.0.1', port: 0 } },
      tls: { certificate: pki.tls.certificateFile, key: pki.tls.keyFile },
      signing: { kind: 'pem', key: pki.providers.alfa.keyFile, chain: pki.providers.alfa.chainFile },
      trust: { anchors: [pki.caFile], intermediates: [pki.issuingFile] },
      index: { kind: 'file', path: pki.indexFile },
      published: { ldifUrl },
      antivirus: { kind: 'eicar-only' },
      sandbox: true,
    },
    join(folder, 'config.json'),
  );
}

test('the https listener serves it where published.ldifUrl says', async (t) => {
  const pki = await sharedPki();
  const config = buildConfig(pki, makeFolder(t), 'https://localhost/indice/alfa.ldif.p7m');
  const stores = await openStores(config);
  await stores.accounts.addDomain('comune.test');
  await stores.close();
  const log = createLog({ level: 'error', destination: { write: () => undefined } });
  const provider = await startProvider(config, { log });
  t.after(() => provider.stop());
  const port = provider.listening.https?.port ?? 0;
  const ask = (path: string) => askWeb({ port, ca: pki.ca.root.certificatePem, path });

  const answer = await ask('/indice/alfa.ldif.p7m');
  assert.equal(answer.status, 200, answer.text);
  assert.match(String(answer.headers['content-type']), /^application\/pkcs7-mime/);
  const policy = { mode: 'live', profile: 'provider', revocation: 'none' } as const;
  const { ldif } = openSignedLdif(answer.bytes, { trust: readTrust(config), policy, now: Date.now() });
  const [record, ...more] = parseIndex(ldif).providers;
  assert.equal(more.length, 0);
  assert.equal(record?.name, 'Gestore Alfa S.p.A.');
  assert.deepEqual(record?.managedDomains, ['alfa.test', 'comune.test']);
  assert.equal(record?.ldifLocationUrl, 'https://localhost/indice/alfa.ldif.p7m');
  assert.deepEqual((await ask('/indice/alfa.ldif.p7m')).bytes, answer.bytes, 'one signature for all who ask');
  assert.equal((await ask('/indice/beta.ldif.p7m')).status, 404);
});

test('an address of another server is not served here', async (t) => {
  const pki = await sharedPki();
  const config = buildConfig(pki, makeFolder(t), 'https://www.alfa.test/alfa.ldif.p7m');
  const log = createLog({ level: 'error', destination: { write: () => undefined } });
  const provider = await startProvider(config, { log });
  t.after(() => provider.stop());
  const port = provider.listening.https?.port ?? 0;
  const { status } = await askWeb({ port, ca: pki.ca.root.certificatePem, path: '/alfa.ldif.p7m' });
  assert.equal(status, 404);
});
