/**
 * Byte-exact cases: what the provider writes for one transaction, unsigned (header, then the entity to sign).
 * A case is a folder `NN-name/` with `transaction.json`, `in.eml`, `expected/*.eml` and `why.md`.
 * `GOLDEN_UPDATE=1` writes the expected files anew: look at the difference before committing it.
 *
 * Every message of every case is also written again from its log record, read back as MIME and XML, and looked
 * at for what no message may have.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildCase } from './build-case.ts';
import { checkMessage } from './check-message.ts';

const root = import.meta.dirname;
const update = process.env.GOLDEN_UPDATE === '1';

const cases = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && /^\d\d-/.test(entry.name))
  .map((entry) => entry.name)
  .sort();

for (const name of cases) {
  test(`golden ${name}`, () => {
    const folder = join(root, name);
    const expected = join(folder, 'expected');
    const built = buildCase(
      JSON.parse(readFileSync(join(folder, 'transaction.json'), 'utf8')),
      readFileSync(join(folder, 'in.eml')),
    );
    assert.ok(readFileSync(join(folder, 'why.md'), 'utf8').trim().length > 0);
    for (const message of built) checkMessage(message);
    if (update) {
      rmSync(expected, { recursive: true, force: true });
      mkdirSync(expected);
      for (const { file, bytes } of built) writeFileSync(join(expected, file), bytes);
    }
    assert.deepEqual(readdirSync(expected).sort(), built.map(({ file }) => file).sort());
    for (const { file, bytes } of built) {
      const wanted = readFileSync(join(expected, file));
      // As text first: a difference is then shown line by line.
      assert.equal(bytes.toString('latin1'), wanted.toString('latin1'), file);
    }
  });
}
