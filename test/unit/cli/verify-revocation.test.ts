/** `pec verify` believes the revocation lists that the provider keeps, and says which it looked at. */
import assert from 'node:assert/strict';
import { hash, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createPemSigner } from '../../../src/keys/pem.ts';
import { isInline } from '../../../src/lib/segments.ts';
import { buildAcceptanceReceipt } from '../../../src/pec/receipts/acceptance.ts';
import { buildCrl } from '../../../src/pki/crl.ts';
import { buildIndex } from '../../../src/provider-index/index-ldif.ts';
import { signMessage } from '../../../src/smime/sign.ts';
import { openKeptFiles } from '../../../src/trust/kept-files.ts';
import { makeFolder } from '../../support/folder.ts';
import { values } from '../pec/sample.ts';
import { authority, issuedAt, provider } from '../pki/authority.ts';
import { alfa } from '../provider-index/providers.ts';
import { runPec } from './run-pec.ts';

const hour = 3_600_000;
const signedAt = issuedAt + 24 * hour;

async function writeProvider(t: TestContext) {
  const folder = makeFolder(t);
  const write = (name: string, content: string | Uint8Array) => {
    const file = join(folder, name);
    writeFileSync(file, content);
    return file;
  };
  const built = buildAcceptanceReceipt({ ...values, at: signedAt });
  const contentDigest = hash('sha256', Buffer.concat(built.content.filter(isInline)), 'buffer');
  const signer = createPemSigner(provider);
  const { segments } = await signMessage(built, { contentDigest, signingTime: signedAt, signer });
  const receipt = write('receipt.eml', Buffer.concat(segments.filter(isInline)));
  const config = write(
    'config.json',
    JSON.stringify({
      provider: { name: alfa.name, domain: 'alfa.test', hostname: 'localhost' },
      dataFolder: 'data',
      tls: { certificate: 'tls.pem', key: 'tls.key' },
      signing: {
        kind: 'pem',
        key: write('signing.key', provider.keyPem),
        chain: write('signing.pem', provider.chainPem),
      },
      trust: { anchors: [write('ca.pem', authority.root.certificatePem)] },
      index: { kind: 'file', path: write('index.ldif', buildIndex([alfa])) },
      antivirus: { kind: 'clamd' },
    }),
  );
  const lists = () => openKeptFiles(join(folder, 'data/revocation'), '.crl');
  const keep = async (revokedAt: number | undefined, days: number) => {
    const { serialNumber } = new X509Certificate(provider.certificatePem);
    const bytes = await buildCrl({
      issuer: authority.mail,
      revoked: revokedAt === undefined ? [] : [{ serialNumber, at: revokedAt }],
      number: 1,
      thisUpdate: issuedAt + hour,
      nextUpdate: issuedAt + days * 24 * hour,
    });
    await lists().save(authority.crlUrl ?? '', { bytes, fetchedAt: issuedAt + 2 * hour });
  };
  return { keep, verify: (...more: string[]) => runPec(['verify', receipt, '--config', config, ...more]) };
}

test('without lists it says that nobody looked', async (t) => {
  const { verify } = await writeProvider(t);
  const { code, output } = await verify();
  assert.equal(code, 0, output);
  assert.match(output, /Revoche: NON controllate/);
});

test('the list that is kept is used, and named with its time', async (t) => {
  const { keep, verify } = await writeProvider(t);
  await keep(undefined, 7);
  const { code, output } = await verify();
  assert.equal(code, 0, output);
  assert.match(
    output,
    /Revoca di .*CN=Posta Certificata Gestore Alfa S\.p\.A\.: controllata \(lista di revoca di .* del 02\/11\/2026 11:30:00 \(\+0100\)\)$/m,
  );
  assert.match(
    output,
    /Revoca di .*: NON controllata \(nessuna lista di .*Radice di sviluppo a disposizione\)/,
  );
  const json = JSON.parse((await verify('--json')).output) as {
    signature: { revocation: { source: string; coversSigning: boolean }[] };
  };
  assert.deepEqual(
    json.signature.revocation.map(({ source, coversSigning }) => [source, coversSigning]),
    [
      ['list', true],
      ['none', false],
    ],
  );
});

test('a list that had run out when the message was signed is said to be old', async (t) => {
  const { keep, verify } = await writeProvider(t);
  await keep(undefined, 0.5);
  assert.match((await verify()).output, /controllata \(.*; alla data della firma era scaduta\)/);
});

test('a certificate revoked before the signature is a no; after it, the message stands', async (t) => {
  const { keep, verify } = await writeProvider(t);
  await keep(signedAt - hour, 7);
  const { code, output } = await verify();
  assert.equal(code, 1, output);
  assert.match(output, /revocato/);
  await keep(signedAt + hour, 7);
  assert.equal((await verify()).code, 0);
});
