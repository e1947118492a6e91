/** What a place of backups does with those that were not finished. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { beginBackup, listBackups } from '../../src/moving/backup/backup-place.ts';

const hour = 3_600_000;

function makePlace(t: TestContext) {
  const place = mkdtempSync(join(tmpdir(), 'pec-place-'));
  t.after(() => rmSync(place, { recursive: true }));
  const clock = { now: Date.UTC(2026, 0, 5, 3) };
  const leave = (name: string, hoursAgo: number) => {
    mkdirSync(join(place, name, 'blobs'), { recursive: true });
    writeFileSync(join(place, name, 'blobs', 'x'), 'x');
    const at = (clock.now - hoursAgo * hour) / 1000;
    utimesSync(join(place, name), at, at);
  };
  return { place, clock, leave, begin: () => beginBackup(place, () => clock.now, 'whole') };
}

test('a backup that was killed is removed by the next one, one that is being written is not', async (t) => {
  const { place, leave, begin } = makePlace(t);
  leave('2026-01-02T03-00-00Z.unfinished', 13);
  leave('2026-01-03T03-00-00Z.unfinished', 11);
  leave('2026-01-04T03-00-00Z.removing', 0);
  leave('2026-01-01T03-00-00Z', 100);
  leave('mine.unfinished', 100);
  await using made = await begin();
  assert.deepEqual([...made.removed].sort(), [
    '2026-01-02T03-00-00Z.unfinished',
    '2026-01-04T03-00-00Z.removing',
  ]);
  await made.finish();
  assert.deepEqual(readdirSync(place).sort(), [
    '2026-01-01T03-00-00Z',
    '2026-01-03T03-00-00Z.unfinished',
    '2026-01-05T03-00-00Z',
    'mine.unfinished',
  ]);
});

test('what fails removes itself', async (t) => {
  const { place, begin } = makePlace(t);
  const fail = async () => {
    await using failing = await begin();
    writeFileSync(join(failing.folder, 'pec.db'), 'half');
    throw new Error('the disk is full');
  };
  await assert.rejects(fail(), /the disk is full/);
  assert.deepEqual(readdirSync(place), []);
});

test('who still writes into what was removed cannot finish it', async (t) => {
  const { place, clock, begin } = makePlace(t);
  await using slow = await begin();
  utimesSync(slow.folder, clock.now / 1000, clock.now / 1000);
  clock.now += 13 * hour;
  await using next = await begin();
  assert.equal(next.removed.length, 1);
  assert.throws(() => writeFileSync(join(slow.folder, 'more'), ''), { code: 'ENOENT' });
  await assert.rejects(slow.finish(), { code: 'ENOENT' });
  assert.ok(existsSync(next.folder));
  await next.finish();
  assert.deepEqual(await listBackups(place), ['2026-01-05T16-00-00Z']);
});

test('a backup that takes long says that it lives', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { clock, begin } = makePlace(t);
  await using slow = await begin();
  utimesSync(slow.folder, clock.now / 1000, clock.now / 1000);
  clock.now += 13 * hour;
  t.mock.timers.tick(60_000);
  while ((await stat(slow.folder)).mtimeMs < clock.now) await null;
  await using next = await begin();
  assert.deepEqual(next.removed, []);
  await slow.finish();
});
