/** What every implementation of the bytes seam must do. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { BlobStore, ByteRange } from '../../src/blob/blob-store.ts';

export type OpenBlobStore = (t: TestContext) => Promise<BlobStore>;

/** Bytes that differ at every offset within a MiB. */
export function makeBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 1) bytes[at] = (at * 31 + (at >> 8) * 7 + (at >> 16)) & 0xff;
  return bytes;
}

export async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export async function readAll(store: BlobStore, blob: string, range?: ByteRange): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.get(blob, range)) {
    assert.ok(chunk.length > 0 && chunk.length <= 65_536, `a chunk of ${chunk.length} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function listNames(store: BlobStore): Promise<string[]> {
  const names: string[] = [];
  for await (const { blob } of store.list()) names.push(blob);
  return names.sort();
}

export function testBlobStore(name: string, open: OpenBlobStore): void {
  for (const [length, chunk] of [
    [0, 1],
    [1, 1],
    [65_536, 1000],
    [65_537, 70_000],
    [1_000_000, 300_000],
  ] as const) {
    test(`${name}: ${length} bytes come back as they went in`, async (t) => {
      const store = await open(t);
      const bytes = makeBytes(length);
      const stored = await store.put(inChunks(bytes, chunk));
      assert.equal(stored.size, length);
      assert.deepEqual(Buffer.from(stored.sha256), createHash('sha256').update(bytes).digest());
      assert.ok((await readAll(store, stored.blob)).equals(bytes));
      const passing = createHash('sha256');
      for await (const part of store.get(stored.blob, undefined, 'passing')) passing.update(part);
      assert.deepEqual(passing.digest(), Buffer.from(stored.sha256));
    });
  }

  test(`${name}: ranges`, async (t) => {
    const store = await open(t);
    const bytes = makeBytes(200_000);
    const { blob } = await store.put(inChunks(bytes, 50_000));
    for (const [offset, length] of [
      [0, 0],
      [0, 1],
      [199_999, 1],
      [65_530, 70_000],
      [200_000, 0],
    ] as const) {
      const read = await readAll(store, blob, { offset, length });
      assert.ok(read.equals(bytes.subarray(offset, offset + length)), `${offset}+${length}`);
    }
  });

  test(`${name}: a range beyond the end and a missing blob are temporary errors, before any byte`, async (t) => {
    const store = await open(t);
    const { blob } = await store.put(inChunks(makeBytes(100), 100));
    const status = { kind: 'temporary', smtp: { code: 451, enhanced: '4.3.0' } };
    await assert.rejects(readAll(store, blob, { offset: 50, length: 51 }), status);
    await assert.rejects(readAll(store, 'no-such-blob'), status);
    await store.delete(blob);
    await assert.rejects(readAll(store, blob), status);
  });

  test(`${name}: what the source throws is passed on and nothing is kept`, async (t) => {
    const store = await open(t);
    const mine = new Error('the client went away');
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield makeBytes(300_000);
      throw mine;
    }
    await assert.rejects(store.put(broken()), (error) => error === mine);
    assert.deepEqual(await listNames(store), []);
  });

  test(`${name}: a source may use its buffer again`, async (t) => {
    const store = await open(t);
    async function* reusing(): AsyncGenerator<Uint8Array> {
      const buffer = new Uint8Array(10);
      for (const value of [1, 2, 3]) yield buffer.fill(value);
    }
    const { blob } = await store.put(reusing());
    assert.deepEqual([...new Set(await readAll(store, blob))], [1, 2, 3]);
  });

  test(`${name}: list names what is there with size and time; delete removes, twice is no error`, async (t) => {
    const store = await open(t);
    const before = Date.now() - 5000;
    const stored = await Promise.all([10, 20, 30].map((size) => store.put(inChunks(makeBytes(size), 7))));
    const entries = [];
    for await (const entry of store.list()) entries.push(entry);
    assert.deepEqual(
      entries.map(({ blob, size }) => `${blob} ${size}`).sort(),
      stored.map(({ blob, size }) => `${blob} ${size}`).sort(),
    );
    assert.ok(entries.every(({ storedAt }) => storedAt > before && storedAt < Date.now() + 5000));
    const [first, ...rest] = stored.map(({ blob }) => blob);
    assert.ok(first !== undefined);
    await store.delete(first);
    await store.delete(first);
    assert.deepEqual(await listNames(store), rest.sort());
  });

  test(`${name}: the same bytes twice are two blobs`, async (t) => {
    const store = await open(t);
    const one = await store.put(inChunks(makeBytes(10), 10));
    const two = await store.put(inChunks(makeBytes(10), 10));
    assert.notEqual(one.blob, two.blob);
    await store.delete(one.blob);
    assert.equal((await readAll(store, two.blob)).length, 10);
  });
}
