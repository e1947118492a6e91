import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readVersion } from '../../../src/telemetry/version.ts';

test('bin/pec finds its own runtime, also through links from elsewhere', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'pec-link-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const first = join(folder, 'first');
  symlinkSync(join(import.meta.dirname, '../../../bin/pec'), first);
  symlinkSync('first', join(folder, 'pec'));
  // No Node on the PATH at all: the launcher must not need one.
  const output = execFileSync(join(folder, 'pec'), ['--version'], {
    cwd: folder,
    env: { PATH: '/usr/bin:/bin' },
  });
  assert.equal(output.toString().trim(), readVersion());
});
