import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildTestMessage } from '../../../bench/load/test-message.ts';
import { diskUse, noUse, subtractUse, sumUse } from '../../../bench/measure/disk-use.ts';
import { replaceSection } from '../../../bench/performance-page.ts';
import { quantile, summarize } from '../../../bench/statistics.ts';
import { scanMessage } from '../../../src/mime/part-scanner.ts';
import { makeFolder } from '../../support/folder.ts';

test('a section is replaced where it stands, and added where it does not', () => {
  const page = 'A\n\n<!-- begin x -->\n\nold\n\n<!-- end x -->\n\nB\n';
  const replaced = replaceSection(page, 'x', 'new\n');
  assert.equal(replaced, 'A\n\n<!-- begin x -->\n\nnew\n\n<!-- end x -->\n\nB\n');
  assert.equal(replaceSection(replaced, 'x', 'new'), replaced);
  assert.equal(replaceSection('A\n', 'y', '## Y'), 'A\n\n<!-- begin y -->\n\n## Y\n\n<!-- end y -->\n');
  assert.throws(() => replaceSection('<!-- begin z -->', 'z', ''), /without <!-- end z -->/);
});

test('median, spread and quantiles', () => {
  assert.deepEqual(summarize([30, 10, 20]), { median: 20, spread: 0.5 });
  assert.deepEqual(summarize([10, 20]), { median: 15, spread: 5 / 15 });
  assert.equal(
    quantile(
      Array.from({ length: 101 }, (_, at) => at),
      0.99,
    ),
    99,
  );
  assert.throws(() => summarize([]), RangeError);
});

test('messages of the load have the size asked for, within a line, and are whole', () => {
  for (const size of [8192, 1_000_000]) {
    const to = ['anna@alfa.test', 'carlo@alfa.test'];
    const message = buildTestMessage({ from: 'mario@alfa.test', to, serial: '1', size });
    assert.ok(message.length <= size && message.length > size - 80, `${message.length} of ${size}`);
    assert.equal(message.subarray(-2).toString(), '\r\n');
    assert.doesNotMatch(message.toString('latin1'), /^\./m);
    assert.equal(scanMessage(message).children?.length ?? 0, size > 65_536 ? 2 : 0);
  }
});

test('what a folder takes is counted by kind, and nothing is left out', (t) => {
  const folder = makeFolder(t);
  assert.deepEqual(diskUse(folder), noUse);
  const files = {
    'blobs/0ab/0abc': 'blobs',
    'pec.db': 'database',
    'pec.db-wal': 'databaseLog',
    'pec.db-shm': 'databaseLog',
    'log-segments/n1-1.log': 'sealedLog',
    'index/2026-11-22.index': 'other',
    'somewhere/else/deep': 'other',
  } as const;
  let before = noUse;
  for (const [name, kind] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), Buffer.alloc(20_000, 1));
    const use = diskUse(folder);
    const more = subtractUse(use, before);
    assert.ok(more[kind] >= 20_000 && more[kind] < 100_000, `${name}: ${more[kind]}`);
    assert.equal(sumUse(more), more[kind]);
    before = use;
  }
  assert.deepEqual(subtractUse(noUse, before), noUse);
});
