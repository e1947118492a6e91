/** Time stamps against the real openssl: it asks and verifies ours, and we verify those of an authority of its own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { sha256Imprint } from '../../src/tsa/message-imprint.ts';
import { startResponder } from '../../src/tsa/responder.ts';
import { buildGranted } from '../../src/tsa/response.ts';
import { createHttpAuthority } from '../../src/tsa/rfc3161.ts';
import { verifyTimeStamp } from '../../src/tsa/verify-time-stamp.ts';
import { makeFolder } from '../support/folder.ts';
import { runWell } from '../support/run-program.ts';
import { authority, issuedAt } from '../unit/pki/authority.ts';
import { openAuthority, stampedAt, stampKey, stampTrust } from '../unit/tsa/stamper.ts';

const root = 'radice\n';
const digest = createHash('sha256').update(root).digest();
const atTime = ['-attime', String(stampedAt / 1000)];

/** openssl's own authority, as its manual shows it. */
const opensslConfig = (folder: string) => `
[tsa]
default_tsa = own
[own]
dir = ${folder}
serial = $dir/serial
crypto_device = builtin
signer_cert = $dir/tsa.pem
certs = $dir/mail.pem
signer_key = $dir/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ordering = yes
tsa_name = yes
ess_cert_id_chain = yes
`;

function start(t: TestContext) {
  const folder = makeFolder(t);
  const file = (name: string) => join(folder, name);
  const write = (name: string, content: string | Uint8Array) => writeFileSync(file(name), content);
  mkdirSync(folder, { recursive: true });
  write('root.pem', authority.root.certificatePem);
  write('mail.pem', authority.mail.certificatePem);
  write('tsa.pem', stampKey.certificatePem);
  write('tsa.key', stampKey.keyPem);
  write('root', root);
  write('serial', '01\n');
  write('openssl.cnf', opensslConfig(folder));
  const openssl = (...args: string[]) => {
    const { status, stderr, stdout } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
    return { ok: status === 0, text: stdout + stderr };
  };
  return { folder, file, write, openssl };
}

describe('openssl ts', () => {
  it('asks our responder, reads its answer and verifies it', async (t) => {
    const { file, openssl, folder } = start(t);
    const responder = await startResponder({ answer: openAuthority().answer, host: '127.0.0.1', port: 0 });
    t.after(() => responder.close());
    const url = `http://127.0.0.1:${responder.port}/`;
    for (const options of [['-cert'], ['-cert', '-sha512'], ['-cert', '-no_nonce']]) {
      assert.ok(openssl('ts', '-query', '-data', 'root', ...options, '-out', 'q.tsq').ok);
      const header = 'Content-Type: application/timestamp-query';
      const body = `@${file('q.tsq')}`;
      await runWell('curl', ['-sS', '-f', '-H', header, '--data-binary', body, '-o', file('a.tsr'), url], {
        cwd: folder,
      });
      const verified = openssl(
        'ts',
        '-verify',
        '-queryfile',
        'q.tsq',
        '-in',
        'a.tsr',
        '-CAfile',
        'root.pem',
        ...atTime,
      );
      assert.ok(verified.ok, verified.text);
    }
    assert.match(
      openssl('ts', '-reply', '-in', 'a.tsr', '-text').text,
      /Time stamp: Nov {2}3 09:30:00 2026 GMT/,
    );
  });

  it('verifies a token and a .tsr file by the digest alone, and refuses another digest', async (t) => {
    const { write, openssl } = start(t);
    const token = await openAuthority().stamp(digest);
    write('t.token', token);
    write('t.tsr', buildGranted(token));
    const hex = digest.toString('hex');
    for (const input of [
      ['-in', 't.tsr'],
      ['-token_in', '-in', 't.token'],
    ]) {
      const verify = (of: string) =>
        openssl('ts', '-verify', '-digest', of, ...input, '-CAfile', 'root.pem', ...atTime);
      assert.ok(verify(hex).ok, verify(hex).text);
      assert.ok(!verify(hex.replace(/.$/, (last) => (last === '0' ? '1' : '0'))).ok);
    }
  });

  it('stamps, and we verify, its names and chain of identifiers included', async (t) => {
    const { file, openssl, folder } = start(t);
    const answer = async (request: Uint8Array) => {
      writeFileSync(file('in.tsq'), request);
      const reply = openssl(
        'ts',
        '-reply',
        '-config',
        'openssl.cnf',
        '-queryfile',
        'in.tsq',
        '-out',
        'out.tsr',
      );
      assert.ok(reply.ok, reply.text);
      return readFileSync(join(folder, 'out.tsr'));
    };
    const responder = await startResponder({ answer, host: '127.0.0.1', port: 0 });
    t.after(() => responder.close());
    // openssl stamps with the clock of this machine.
    const client = createHttpAuthority({
      name: 'openssl',
      url: `http://127.0.0.1:${responder.port}/`,
      trust: () => stampTrust,
      clock: Date.now,
      timeoutMs: 10_000,
    });
    const inLife = Date.now() > issuedAt && Date.now() < issuedAt + 3 * 365 * 86_400_000;
    if (!inLife) return await assert.rejects(client.stamp(digest), /not yet valid|expired/);
    const token = await client.stamp(digest);
    const verdict = verifyTimeStamp({ token, imprint: sha256Imprint(digest), trust: stampTrust });
    assert.deepEqual([verdict.problems, verdict.policy], [[], '1.2.3.4.1']);
  });
});
