/** The sealed segments of the message log with openssl and gzip alone, as docs/message-log.md shows. */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { runProgram } from '../support/run-program.ts';
import { openSealedLog, sealDays } from '../support/sealed-log.ts';
import { authority } from '../unit/pki/authority.ts';

interface Statement {
  readonly root: string;
  readonly lastHash: string;
  readonly file: { readonly sha256: string };
  readonly content: { readonly sha256: string };
}

it('openssl verifies statement and stamp, and the lines are chained by their hashes', async (t) => {
  const log = openSealedLog(t);
  await sealDays(log, 2);
  const folder = join(log.folder, 'log-segments');
  writeFileSync(join(folder, 'anchors.pem'), authority.root.certificatePem);
  const at = ['-CAfile', 'anchors.pem', '-attime', String(log.time.now / 1000)];
  let previousRoot: string | null = null;
  let previousHash = '0'.repeat(64);
  for (const name of ['n1-000001-2026-11-10', 'n1-000002-2026-11-11']) {
    const run = async (command: string) => {
      const { stdout, status, text } = await runProgram('openssl', [...command.split(' '), ...at], {
        cwd: folder,
      });
      assert.equal(status, 0, text);
      return stdout.toString();
    };
    const statement = JSON.parse(
      await run(`cms -verify -binary -inform DER -purpose any -in ${name}.p7m`),
    ) as Statement;
    const packed = readFileSync(join(folder, `${name}.jsonl.gz`));
    assert.equal(hash('sha256', packed, 'hex'), statement.file.sha256);
    await run(`ts -verify -digest ${statement.root} -in ${name}.prova.tsr`);
    const unpacked = await runProgram('gzip', ['-dc', `${name}.jsonl.gz`], { cwd: folder });
    assert.equal(hash('sha256', unpacked.stdout, 'hex'), statement.content.sha256);
    const [header = '', ...lines] = unpacked.stdout.toString().trimEnd().split('\n');
    assert.equal((JSON.parse(header) as { previousRoot: string | null }).previousRoot, previousRoot);
    for (const line of lines.filter((each) => each.startsWith('['))) {
      assert.equal((JSON.parse(line) as string[])[0], previousHash);
      previousHash = hash('sha256', line, 'hex');
    }
    assert.equal(previousHash, statement.lastHash);
    previousRoot = statement.root;
  }
});
