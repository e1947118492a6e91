import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectSegments, spool } from '../../../src/blob/read-segments.ts';
import { holdBlobs, releaseBlobs } from '../../../src/content/blob-hold.ts';
import { addContent, loadContent, releaseContents } from '../../../src/content/content.ts';
import { loadStructure, loadStructures } from '../../../src/content/structure.ts';
import { createSweeper } from '../../../src/content/sweep.ts';
import type { Segments } from '../../../src/lib/segments.ts';
import { addTestMailbox, openStore, type TestStore } from '../../support/store.ts';

const hour = 3_600_000;
const day = 24 * hour;
const message = Buffer.from('Subject: prova\r\nContent-Type: text/plain\r\n\r\nciao\r\n', 'latin1');

async function putBlob({ blobs }: TestStore, bytes: Uint8Array = message): Promise<Segments> {
  async function* source(): AsyncGenerator<Uint8Array> {
    yield bytes;
  }
  return (await spool(blobs, source(), 0)).segments;
}

const add = ({ db }: TestStore, segments: Segments) => db.transact((tx) => addContent(tx, segments));
const release = ({ db }: TestStore, id: number) => db.transact((tx) => releaseContents(tx, [id]));

async function countBlobs({ blobs }: TestStore): Promise<number> {
  let count = 0;
  for await (const _entry of blobs.list()) count += 1;
  return count;
}

/** A row that uses the content, and what removes it. */
async function use(store: TestStore, contentId: number): Promise<() => Promise<unknown>> {
  const mailbox = await addTestMailbox(store, `box${contentId}@esempio.it`);
  const folderId = await store.db.transact(async (tx) => {
    const folder = await tx.get<{ id: number }>(
      `INSERT INTO folder (mailbox_id, name, uid_validity, created_at) VALUES (?, 'x', 1, 0) RETURNING id`,
      mailbox.id,
    );
    await tx.run(
      `INSERT INTO message (folder_id, uid, modseq, flags, keywords, size, internal_date, saved_at, content_id)
         VALUES (?, 1, 1, 0, '', 1, 0, 0, ?)`,
      folder?.id ?? 0,
      contentId,
    );
    return folder?.id ?? 0;
  });
  return () => store.db.transact((tx) => tx.run('DELETE FROM message WHERE folder_id = ?', folderId));
}

test('a content comes back with its bytes and size; inline neighbours are joined', async (t) => {
  const store = openStore(t);
  const [range] = await putBlob(store);
  assert.ok(range !== undefined && !(range instanceof Uint8Array));
  const id = await add(store, [Buffer.from('a'), Buffer.from('b'), { ...range, offset: 9, length: 5 }]);
  const loaded = await store.db.read((tx) => loadContent(tx, id));
  assert.equal(loaded.size, 7);
  assert.equal(loaded.segments.length, 2);
  const bytes = await collectSegments(store.blobs, loaded.segments, 10);
  assert.equal(Buffer.from(bytes).toString(), 'abprova');
});

test('a content that is not there is a temporary error', async (t) => {
  const { db } = openStore(t);
  await assert.rejects(
    db.read((tx) => loadContent(tx, 5)),
    { kind: 'temporary', smtp: { code: 451, enhanced: '4.3.0' } },
  );
});

test('an id is never given twice', async (t) => {
  const store = openStore(t);
  const first = await add(store, [message]);
  await release(store, first);
  assert.equal((await createSweeper(store).sweep()).contents, 1);
  assert.ok((await add(store, [message])) > first);
});

test('the structure is scanned once and then comes from the rows', async (t) => {
  const store = openStore(t);
  const id = await add(store, await putBlob(store));
  const tree = await loadStructure(store, id);
  assert.equal(tree.bodyStart, message.indexOf('ciao'));
  await store.db.transact(async () => undefined);
  for await (const { blob } of store.blobs.list()) await store.blobs.delete(blob);
  assert.equal(JSON.stringify(await loadStructure(store, id)), JSON.stringify(tree));
});

test('a tree is kept small, and one that was kept as text is read as it was', async (t) => {
  const store = openStore(t);
  const id = await add(store, [message]);
  const tree = await loadStructure(store, id);
  await store.db.transact(async () => undefined);
  const kept = () =>
    store.db.read((tx) =>
      tx.get<{ tree: string; packed: Uint8Array | null }>(
        'SELECT tree, packed FROM content_structure WHERE content_id = ?',
        id,
      ),
    );
  const row = await kept();
  assert.equal(row?.tree, '');
  assert.ok((row?.packed?.length ?? 0) < JSON.stringify(tree).length);
  assert.equal(JSON.stringify(await loadStructure(store, id)), JSON.stringify(tree));

  const earlier = JSON.stringify({ ...tree, lines: 77 });
  await store.db.transact((tx) =>
    tx.run('UPDATE content_structure SET tree = ?, packed = NULL WHERE content_id = ?', earlier, id),
  );
  assert.equal(JSON.stringify(await loadStructure(store, id)), earlier);
  assert.equal(JSON.stringify((await loadStructures(store, [id])).get(id)), earlier);
});

test('what is in use stays; what was released goes after the grace time, rows first', async (t) => {
  const store = openStore(t);
  const id = await add(store, await putBlob(store));
  const stopUse = await use(store, id);
  const sweeper = createSweeper(store);
  await release(store, id);
  assert.deepEqual(await sweeper.sweep(), { contents: 0, blobs: 0 });
  await stopUse();
  await release(store, id);
  assert.deepEqual(await sweeper.sweep(), { contents: 1, blobs: 0 });
  store.time.now += hour - 1;
  assert.deepEqual(await sweeper.sweep(), { contents: 0, blobs: 0 });
  assert.equal(await countBlobs(store), 1);
  store.time.now += 1;
  assert.deepEqual(await sweeper.sweep(), { contents: 0, blobs: 1 });
  assert.equal(await countBlobs(store), 0);
});

test('a blob that two contents share goes with the last', async (t) => {
  const store = openStore(t);
  const segments = await putBlob(store);
  const [one, two] = [await add(store, segments), await add(store, segments)];
  const sweeper = createSweeper({ ...store, graceMs: 0 });
  await release(store, one);
  assert.deepEqual(await sweeper.sweep(), { contents: 1, blobs: 0 });
  await release(store, two);
  assert.deepEqual(await sweeper.sweep(), { contents: 1, blobs: 1 });
});

test('a blob that waits for removal is kept when it is used again', async (t) => {
  const store = openStore(t);
  const segments = await putBlob(store);
  const sweeper = createSweeper(store);
  await release(store, await add(store, segments));
  await sweeper.sweep();
  const again = await add(store, segments);
  await use(store, again);
  store.time.now += 10 * day;
  assert.deepEqual(await sweeper.sweep(), { contents: 0, blobs: 0 });
  const { segments: kept } = await store.db.read((tx) => loadContent(tx, again));
  assert.equal((await collectSegments(store.blobs, kept, 1000)).length, message.length);
});

test('a blob whose removal has begun is refused: no row without bytes', async (t) => {
  const store = openStore(t);
  const segments = await putBlob(store);
  await release(store, await add(store, segments));
  const blobs = Object.assign(Object.create(store.blobs), {
    delete: async () => {
      await assert.rejects(add(store, segments), { kind: 'temporary' });
      throw new Error('killed here');
    },
  });
  const sweeper = createSweeper({ ...store, blobs, graceMs: 0 });
  await assert.rejects(sweeper.sweep(), /killed here/);
  await assert.rejects(add(store, segments), { kind: 'temporary' });
  assert.deepEqual(await createSweeper({ ...store, graceMs: 0 }).sweep(), { contents: 0, blobs: 1 });
  assert.equal(await countBlobs(store), 0);
  await assert.rejects(add(store, segments), { kind: 'temporary' });
});

test('the blob a crash left is found when it is old enough, one about to be used is not', async (t) => {
  const store = openStore(t);
  await putBlob(store);
  store.time.now += day - 1;
  const used = await putBlob(store);
  const sweeper = createSweeper(store);
  assert.deepEqual(await sweeper.findOrphans(), { contents: 0, blobs: 0 });
  store.time.now += 1;
  assert.deepEqual(await sweeper.findOrphans(), { contents: 0, blobs: 1 });
  await use(store, await add(store, used));
  store.time.now += 2 * day;
  assert.deepEqual(await sweeper.findOrphans(), { contents: 0, blobs: 0 });
  assert.deepEqual(await sweeper.sweep(), { contents: 0, blobs: 1 });
  assert.equal(await countBlobs(store), 1);
});

test('a content whose release was forgotten is found by the second look', async (t) => {
  const store = openStore(t);
  const forgotten = await add(store, await putBlob(store));
  await use(store, await add(store, [message]));
  const sweeper = createSweeper(store);
  assert.equal((await sweeper.findOrphans()).contents, 0);
  store.time.now += day;
  await add(store, [message]);
  assert.equal((await sweeper.findOrphans()).contents, 1);
  assert.equal((await sweeper.sweep()).contents, 1);
  await assert.rejects(
    store.db.read((tx) => loadContent(tx, forgotten)),
    { kind: 'temporary' },
  );
});

test('the rows themselves refuse to lose a content in use', async (t) => {
  const store = openStore(t);
  const id = await add(store, [message]);
  await use(store, id);
  await assert.rejects(
    store.db.transact((tx) => tx.run('DELETE FROM content WHERE id = ?', id)),
    { constraint: 'foreign-key' },
  );
});

test('while a backup reads no blob goes, and one that broke off holds them up for a time only', async (t) => {
  const store = openStore(t);
  const sweeper = createSweeper({ ...store, graceMs: 0 });
  const hold = (id: string) => store.db.transact((tx) => holdBlobs(tx, id, store.clock() + hour));
  await release(store, await add(store, await putBlob(store)));
  await hold('finished');
  await hold('broken');
  assert.deepEqual(await sweeper.sweep(), { contents: 1, blobs: 0 });
  await store.db.transact((tx) => releaseBlobs(tx, 'finished'));
  assert.deepEqual(await sweeper.sweep(), { contents: 0, blobs: 0 });
  store.time.now += 2 * hour;
  assert.deepEqual(await sweeper.sweep(), { contents: 0, blobs: 1 });
});

test('a content that is gone can be released again', async (t) => {
  const store = openStore(t);
  const id = await add(store, [message]);
  await release(store, id);
  await createSweeper(store).sweep();
  await release(store, id);
  const rows = await store.db.read((tx) => tx.all('SELECT content_id FROM content_release'));
  assert.deepEqual(rows, []);
});
