/** The bytes seam on files, in memory and behind the failing double, with what only files can show. */
import assert from 'node:assert/strict';
import { readdirSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFailingBlobStore } from '../../src/blob/fail.ts';
import { openFsBlobStore } from '../../src/blob/fs.ts';
import { MemoryBlobStore } from '../../src/blob/memory.ts';
import { makeFolder } from '../support/folder.ts';
import { nextLine, startProgram } from '../support/programs.ts';
import { inChunks, makeBytes, readAll, testBlobStore } from './blob-store-suite.ts';

testBlobStore('files', (t) => openFsBlobStore({ folder: join(makeFolder(t), 'blobs') }));
testBlobStore('files, read by the thread itself', (t) =>
  openFsBlobStore({ folder: join(makeFolder(t), 'blobs'), blocking: true }),
);
testBlobStore('memory', async () => new MemoryBlobStore());
testBlobStore('failing double, healthy', async () => createFailingBlobStore(new MemoryBlobStore()));

function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

test('files: a store opened again has what was put, for its owner only', async (t) => {
  const folder = makeFolder(t);
  const { blob } = await (await openFsBlobStore({ folder })).put(inChunks(makeBytes(1000), 100));
  for (const file of listFiles(folder)) assert.equal(statSync(file).mode & 0o077, 0);
  const again = await openFsBlobStore({ folder });
  assert.ok((await readAll(again, blob)).equals(makeBytes(1000)));
});

test('files: opening removes temporary files of dead processes, not those in use or of other names', async (t) => {
  const folder = makeFolder(t);
  await openFsBlobStore({ folder });
  const old = join(folder, 'tmp', 'old');
  writeFileSync(old, 'left by a crash');
  utimesSync(old, 1, 1);
  writeFileSync(join(folder, 'tmp', 'fresh'), 'another process writes here');
  await openFsBlobStore({ folder });
  assert.deepEqual(readdirSync(join(folder, 'tmp')), ['fresh']);
});

test('files: a file cut short by the disk is an error, never a short message', async (t) => {
  const folder = makeFolder(t);
  const store = await openFsBlobStore({ folder });
  const { blob, size } = await store.put(inChunks(makeBytes(100_000), 1000));
  const [file] = listFiles(folder);
  assert.ok(file !== undefined);
  truncateSync(file, 70_000);
  for (const each of [store, await openFsBlobStore({ folder, blocking: true })])
    await assert.rejects(readAll(each, blob, { offset: 0, length: size }), { kind: 'temporary' });
});

test('files, read by the thread itself: who reads much lets others have their turn', async (t) => {
  const store = await openFsBlobStore({ folder: makeFolder(t), blocking: true });
  const { blob } = await store.put(inChunks(makeBytes(3_000_000), 100_000));
  const turns: string[] = [];
  const reading = readAll(store, blob).then(() => turns.push('read'));
  setImmediate(() => turns.push('another'));
  await reading;
  assert.deepEqual(turns, ['another', 'read']);
});

test('files: what the disk refuses is a temporary error and leaves nothing', async (t) => {
  const folder = makeFolder(t);
  const store = await openFsBlobStore({ folder });
  rmSync(join(folder, 'tmp'), { recursive: true });
  writeFileSync(join(folder, 'tmp'), 'a file where the folder was');
  await assert.rejects(store.put(inChunks(makeBytes(10), 10)), {
    kind: 'temporary',
    smtp: { code: 452, enhanced: '4.3.1' },
  });
  assert.deepEqual(listFiles(folder), [join(folder, 'tmp')]);
});

test('files: names from outside cannot leave the folder', async (t) => {
  const folder = makeFolder(t);
  const store = await openFsBlobStore({ folder: join(folder, 'blobs') });
  const outside = join(folder, 'outside');
  writeFileSync(outside, 'private');
  await assert.rejects(readAll(store, '../outside'), { kind: 'temporary' });
  await store.delete('../outside');
  assert.deepEqual(listFiles(folder), [outside]);
});

test('files: killed at any moment, every blob that was named is whole', async (t) => {
  const folder = makeFolder(t);
  const names: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    const writer = startProgram(join(import.meta.dirname, 'programs/blob-writer.ts'), [folder]);
    for (let count = 0; count < 5 + round; count += 1) names.push(await nextLine(writer));
    writer.child.kill('SIGKILL');
    await writer.ended;
  }
  const store = await openFsBlobStore({ folder, staleAfterMs: -1 });
  assert.deepEqual(readdirSync(join(folder, 'tmp')), []);
  for (const name of names) assert.ok((await readAll(store, name)).equals(makeBytes(150_000)), name);
  for await (const { size } of store.list()) assert.equal(size, 150_000, 'a blob is whole or not there');
});

test('failing double: each failure is temporary, as often as asked', async () => {
  const inner = new MemoryBlobStore();
  const store = createFailingBlobStore(inner);
  store.failNext('put');
  await assert.rejects(store.put(inChunks(makeBytes(10), 5)), {
    kind: 'temporary',
    smtp: { code: 452, enhanced: '4.3.1' },
  });
  const { blob } = await store.put(inChunks(makeBytes(10), 5));
  store.failNext('get', 2);
  await assert.rejects(readAll(store, blob), { kind: 'temporary' });
  await assert.rejects(readAll(store, blob), { kind: 'temporary' });
  assert.equal((await readAll(store, blob)).length, 10);
  store.failNext('get-middle');
  await assert.rejects(readAll(store, blob), { kind: 'temporary' });
  store.failNext('delete');
  await assert.rejects(store.delete(blob), { kind: 'temporary' });
  store.heal();
  await store.delete(blob);
});
