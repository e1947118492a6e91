import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { parseConfig } from '../../../src/config/load.ts';
import { readSigningSecret, readTlsSecret, SIGNING_PASSWORD_VARIABLE } from '../../../src/config/secrets.ts';
import { leastConfig } from './example-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'pec-secrets-'));
after(() => rmSync(folder, { recursive: true }));

/** Writes a file that only its owner may read. */
function put(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  chmodSync(file, 0o600);
  return file;
}

beforeEach(() => {
  put('tls.key', 'tls key');
  put('key.pem', 'signing key');
  put('provider.p12', 'p12 bytes');
  put('password', 'segreta \n');
  for (const name of ['tls.pem', 'chain.pem']) chmodSync(put(name, name), 0o644);
});

function configWith(signing: object) {
  const tls = { certificate: 'tls.pem', key: 'tls.key' };
  return parseConfig({ ...leastConfig, tls, signing }, join(folder, 'config.json'));
}
const pem = { kind: 'pem', key: 'key.pem', chain: 'chain.pem' };

test('keys come from the files that the settings name', () => {
  const config = configWith(pem);
  assert.deepEqual(readTlsSecret(config), { certificatePem: 'tls.pem', keyPem: 'tls key' });
  assert.deepEqual(readSigningSecret(config), { kind: 'pem', keyPem: 'signing key', chainPem: 'chain.pem' });
  assert.ok(!JSON.stringify(config).includes('signing key'));
});

test('the password of a PKCS#12 file comes from its file, without the line end only', () => {
  const secret = readSigningSecret(
    configWith({ kind: 'pkcs12', file: 'provider.p12', passwordFile: 'password' }),
  );
  assert.ok(secret.kind === 'pkcs12');
  assert.equal(secret.password, 'segreta ');
  assert.equal(Buffer.from(secret.bytes).toString(), 'p12 bytes');
});

test('or from the environment', (t) => {
  const config = configWith({ kind: 'pkcs12', file: 'provider.p12' });
  delete process.env[SIGNING_PASSWORD_VARIABLE];
  assert.throws(
    () => readSigningSecret(config),
    /signing.passwordFile: name a file with the password, or set PEC_/,
  );
  process.env[SIGNING_PASSWORD_VARIABLE] = 'da fuori';
  t.after(() => delete process.env[SIGNING_PASSWORD_VARIABLE]);
  assert.partialDeepStrictEqual(readSigningSecret(config), { password: 'da fuori' });
});

test('a key that every user may read is refused', () => {
  chmodSync(join(folder, 'key.pem'), 0o644);
  assert.throws(
    () => readSigningSecret(configWith(pem)),
    /signing.key: .*key.pem is open to every user.*chmod 600/,
  );
  chmodSync(join(folder, 'key.pem'), 0o640);
  assert.equal(readSigningSecret(configWith(pem)).kind, 'pem');
});

test('a missing key is named', () => {
  rmSync(join(folder, 'tls.key'));
  assert.throws(() => readTlsSecret(configWith(pem)), /tls.key: there is no file .*tls.key/);
});
