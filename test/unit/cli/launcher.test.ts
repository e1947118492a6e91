import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readVersion } from '../../../src/telemetry/version.ts';

/** What an earlier run compiled is not compiled again. */
const { NODE_COMPILE_CACHE } = process.env;
const compiled = NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };

test('bin/pec finds its own runtime, also through links from elsewhere', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'pec-link-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const first = join(folder, 'first');
  symlinkSync(join(import.meta.dirname, '../../../bin/pec'), first);
  symlinkSync('first', join(folder, 'pec'));
  // No Node on the PATH at all: the launcher must not need one.
  const output = execFileSync(join(folder, 'pec'), ['--version'], {
    cwd: folder,
    env: { PATH: '/usr/bin:/bin', ...compiled },
  });
  assert.equal(output.toString().trim(), readVersion());
});

test('a reader that stops reading is no failure', () => {
  const pec = join(import.meta.dirname, '../../../bin/pec');
  // The reader is gone before the command writes its first line.
  const script = '{ sleep 0.2; "$0" --help; echo "ended with $?" >&2; } | true';
  const { stderr } = spawnSync('sh', ['-c', script, pec], { encoding: 'utf8' });
  assert.equal(stderr, 'ended with 0\n');
});
