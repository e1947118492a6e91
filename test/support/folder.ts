/** A folder of the test's own, gone when the test ends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

export function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'openpec-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
