/** PKCS#12 files both ways with openssl, with its algorithms of today and of ten years ago. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { buildPkcs12, readPkcs12 } from '../../src/pki/pkcs12.ts';
import { makeFolder } from '../support/folder.ts';
import { authority, provider } from '../unit/pki/authority.ts';

describe('openssl pkcs12', () => {
  const ways: Record<string, string[]> = {
    'as it does today': [],
    'with triple DES and a SHA-1 MAC': [
      '-keypbe',
      'PBE-SHA1-3DES',
      '-certpbe',
      'PBE-SHA1-3DES',
      '-macalg',
      'sha1',
    ],
    'with AES-128': ['-keypbe', 'AES-128-CBC', '-certpbe', 'AES-128-CBC'],
  };
  for (const [name, options] of Object.entries(ways))
    it(`writes ${name}, and we read`, (t) => {
      const folder = makeFolder(t);
      writeFileSync(join(folder, 'key'), provider.keyPem);
      writeFileSync(join(folder, 'own'), provider.certificatePem);
      writeFileSync(join(folder, 'issuer'), authority.mail.certificatePem);
      const files = ['-inkey', 'key', '-in', 'own', '-certfile', 'issuer', '-out', 'file.p12'];
      execFileSync('openssl', ['pkcs12', '-export', ...files, '-passout', 'pass:segreta', ...options], {
        cwd: folder,
      });
      const read = readPkcs12(readFileSync(join(folder, 'file.p12')), 'segreta');
      assert.equal(read.keyPem, provider.keyPem);
      assert.equal(read.chainPem, provider.chainPem);
    });

  for (const options of [[], ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1']])
    it(`writes with a password beyond ASCII, and we read: ${options[1] ?? 'AES-256'}`, (t) => {
      const folder = makeFolder(t);
      const password = 'perché €';
      writeFileSync(join(folder, 'key'), provider.keyPem);
      writeFileSync(join(folder, 'own'), provider.certificatePem);
      const files = ['-inkey', 'key', '-in', 'own', '-out', 'file.p12'];
      execFileSync('openssl', ['pkcs12', '-export', ...files, '-passout', `pass:${password}`, ...options], {
        cwd: folder,
        env: { ...process.env, LC_ALL: 'C.UTF-8' },
      });
      const file = readFileSync(join(folder, 'file.p12'));
      assert.equal(readPkcs12(file, password).keyPem, provider.keyPem);
      assert.throws(() => readPkcs12(file, 'perché $'), /password .* is wrong/);
      const damaged = Buffer.from(file);
      damaged[200] = (damaged[200] ?? 0) ^ 1;
      assert.throws(() => readPkcs12(damaged, password), /Pkcs12Error|PKCS#12/);
    });

  it('reads what we write', (t) => {
    const folder = makeFolder(t);
    const { keyPem, chainPem } = provider;
    const file = buildPkcs12({ keyPem, chainPem, password: 'segreta', friendlyName: 'Gestore Alfa' });
    writeFileSync(join(folder, 'file.p12'), file);
    const args = ['pkcs12', '-in', 'file.p12', '-passin', 'pass:segreta', '-nodes'];
    const text = execFileSync('openssl', args, {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    assert.ok(text.includes(keyPem.trim()));
    assert.equal(text.match(/BEGIN CERTIFICATE/g)?.length, 2);
    assert.match(text, /friendlyName: Gestore Alfa/);
  });
});
