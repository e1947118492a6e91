/** A proof bundle checked on a machine without this project: Python's standard library and openssl. */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createPemSigner } from '../../src/keys/pem.ts';
import { openBundle, signBundle } from '../../src/message-log/proof/bundle.ts';
import { makeProof } from '../../src/message-log/proof/make-proof.ts';
import { makeFolder } from '../support/folder.ts';
import { makeBundle, openProvedLog, proofRequest, signer } from '../support/proof.ts';
import { runProgram } from '../support/run-program.ts';
import { authority, otherProvider } from '../unit/pki/authority.ts';

const script = resolve(import.meta.dirname, '../../docs/proof/check.py');

async function start(t: TestContext) {
  const folder = makeFolder(t);
  const anchors = join(folder, 'anchors.pem');
  writeFileSync(anchors, authority.root.certificatePem);
  const check = (bundle: Uint8Array, trusted = anchors) => {
    const file = join(folder, 'bundle.json');
    writeFileSync(file, bundle);
    return runProgram('python3', [script, file, trusted], { cwd: folder });
  };
  return { folder, check };
}

describe('the Python script for proofs', () => {
  it('is short enough to be read by whoever relies on it, and takes nothing but the standard library', () => {
    const text = readFileSync(script, 'utf8');
    assert.ok(text.trimEnd().split('\n').length <= 60);
    const imports = /^import (.*)$/m.exec(text)?.[1]?.split(', ') ?? [];
    assert.deepEqual(imports, [
      'base64',
      'datetime',
      'hashlib',
      'json',
      'pathlib',
      're',
      'subprocess',
      'sys',
      'tempfile',
    ]);
  });

  it('believes a good bundle and says what it proves', async (t) => {
    const { check } = await start(t);
    const { status, text } = await check(await makeBundle(await openProvedLog(t, 400)));
    assert.equal(status, 0, text);
    assert.match(text, /stamped 2026-11-12T09:30:00.000Z by prova\nentry n1 1201 .* accepted\n/);
    assert.match(text, /delivered\nThe proof holds\.\n$/);
  });

  it('fails with one byte changed, wherever it stands', async (t) => {
    const { check } = await start(t);
    const bundle = await makeBundle(await openProvedLog(t));
    for (let at = 1; at < bundle.length; at += Math.ceil(bundle.length / 40)) {
      const changed = Buffer.from(bundle);
      changed[at] = (changed[at] ?? 0) ^ 0x01;
      assert.notEqual((await check(changed)).status, 0, `byte ${at}`);
    }
  });

  it('fails for what a lying provider signs, by the time stamp', async (t) => {
    const { check } = await start(t);
    const log = await openProvedLog(t);
    const bundle = structuredClone(await makeProof(await proofRequest(log)));
    const [segment] = bundle.segments as unknown as { entries: { line: string }[]; root: string }[];
    const [entry] = segment?.entries ?? [];
    assert.ok(segment !== undefined && entry !== undefined);
    const line = entry.line;
    entry.line = line.replace('mario.rossi', 'anna.verdi');
    const sign = async () => Buffer.from(await signBundle(bundle, signer, log.time.now));
    assert.match((await check(await sign())).text, /does NOT hold: entry/);
    entry.line = line;
    segment.root = hash('sha256', 'another', 'hex');
    assert.match((await check(await sign())).text, /does NOT hold: header/);
  });

  it('takes nothing in a bundle for an option of openssl', async (t) => {
    const { check } = await start(t);
    const log = await openProvedLog(t);
    const bundle = await makeProof(await proofRequest(log));
    const forged = { ...bundle, provider: { ...bundle.provider, domain: 'alfa.test -noverify' } };
    const text = await signBundle(forged, createPemSigner(otherProvider), log.time.now);
    const { status, text: said } = await check(Buffer.from(text));
    assert.notEqual(status, 0);
    assert.match(said, /does NOT hold: openssl cms -verify/);
  });

  it('checks without python3 -O taking its checks away, and says how it is called', async (t) => {
    const { folder } = await start(t);
    assert.doesNotMatch(readFileSync(script, 'utf8'), /^\s*assert /m);
    const { status, text } = await runProgram('python3', [script], { cwd: folder });
    assert.notEqual(status, 0);
    assert.match(text, /check\.py BUNDLE ANCHORS\.pem/);
  });

  it('fails under other anchors', async (t) => {
    const { check, folder } = await start(t);
    const other = join(folder, 'other.pem');
    writeFileSync(other, otherProvider.certificatePem);
    assert.match((await check(await makeBundle(await openProvedLog(t)), other)).text, /openssl cms -verify/);
  });
});

describe('openssl by hand, as docs/proof.md shows', () => {
  it('verifies the time stamp over the root, and no other root', async (t) => {
    const { folder } = await start(t);
    const opened = openBundle(await makeBundle(await openProvedLog(t)));
    const segment = opened?.bundle.segments[0];
    assert.ok(segment !== undefined);
    writeFileSync(join(folder, 'token'), Buffer.from(segment.stamps[0]?.token ?? '', 'base64'));
    const at = String(Date.parse(segment.stamps[0]?.time ?? '') / 1000);
    const verify = (root: string) =>
      runProgram(
        'openssl',
        [
          'ts',
          '-verify',
          '-digest',
          root,
          '-token_in',
          '-in',
          'token',
          '-CAfile',
          'anchors.pem',
          '-attime',
          at,
        ],
        { cwd: folder },
      );
    assert.match((await verify(segment.root)).text, /Verification: OK/);
    assert.notEqual((await verify('00'.repeat(32))).status, 0);
  });

  it('reads what the provider signed about the segment', async (t) => {
    const { folder } = await start(t);
    const segment = openBundle(await makeBundle(await openProvedLog(t)))?.bundle.segments[0];
    writeFileSync(join(folder, 'seal.p7m'), Buffer.from(segment?.statement ?? '', 'base64'));
    const at = String(Date.parse(segment?.stamps[0]?.time ?? '') / 1000);
    const args = [
      'cms',
      '-verify',
      '-binary',
      '-inform',
      'DER',
      '-in',
      'seal.p7m',
      '-CAfile',
      'anchors.pem',
      '-attime',
      at,
    ];
    const { stdout, status, text } = await runProgram('openssl', args, { cwd: folder });
    assert.equal(status, 0, text);
    assert.equal((JSON.parse(stdout.toString()) as { root: string }).root, segment?.root);
  });
});
