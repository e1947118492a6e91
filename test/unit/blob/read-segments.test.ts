import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { MemoryBlobStore } from '../../../src/blob/memory.ts';
import { collectSegments, hashSegments, readSegments, spool } from '../../../src/blob/read-segments.ts';
import { isInline, type Segments } from '../../../src/lib/segments.ts';

const text = (value: string) => Buffer.from(value, 'latin1');

async function* chunks(...values: string[]): AsyncGenerator<Uint8Array> {
  for (const value of values) yield text(value);
}

async function createMixed(): Promise<{ blobs: MemoryBlobStore; segments: Segments }> {
  const blobs = new MemoryBlobStore();
  const { blob } = await blobs.put(chunks('0123456789'));
  return { blobs, segments: [text('head '), { blob, offset: 2, length: 5 }, text(' tail')] };
}

async function read(blobs: MemoryBlobStore, segments: Segments, offset: number, length: number) {
  const parts: Uint8Array[] = [];
  for await (const part of readSegments(blobs, segments, { offset, length })) parts.push(part);
  return Buffer.concat(parts).toString('latin1');
}

test('segments are read in order, whole and in part', async () => {
  const { blobs, segments } = await createMixed();
  const whole = 'head 23456 tail';
  assert.equal((await collectSegments(blobs, segments, 100)).toString(), text(whole).toString());
  for (const [offset, length] of [
    [0, 15],
    [3, 4],
    [5, 5],
    [6, 2],
    [9, 100],
    [15, 1],
  ] as const) {
    assert.equal(await read(blobs, segments, offset, length), whole.slice(offset, offset + length));
  }
});

test('the digest is that of the bytes, however they are cut', async () => {
  const { blobs, segments } = await createMixed();
  for (const algorithm of ['sha1', 'sha256'] as const) {
    const expected = createHash(algorithm).update('head 23456 tail').digest();
    assert.deepEqual(Buffer.from(await hashSegments(blobs, segments, algorithm)), expected);
    const inline = [text('head 23456 tail')];
    assert.deepEqual(Buffer.from(await hashSegments(blobs, inline, algorithm)), expected);
  }
});

test('collecting more than the limit is refused before reading', async () => {
  await assert.rejects(
    collectSegments(new MemoryBlobStore(), [{ blob: 'not there', offset: 0, length: 11 }], 10),
    RangeError,
  );
});

test('spool keeps few bytes inline and many in one blob, with the same digest', async () => {
  const blobs = new MemoryBlobStore();
  for (const limit of [0, 5, 6, 7, 100]) {
    const spooled = await spool(blobs, chunks('ab', 'cd', 'ef'), limit);
    assert.equal(spooled.size, 6);
    assert.deepEqual(Buffer.from(spooled.sha256), createHash('sha256').update('abcdef').digest());
    assert.equal((await collectSegments(blobs, spooled.segments, 6)).toString(), text('abcdef').toString());
    assert.equal(spooled.segments.length, 1);
    assert.equal(spooled.segments.every(isInline), limit >= 6, `limit ${limit}`);
  }
});

test('an empty source is an empty list', async () => {
  const spooled = await spool(new MemoryBlobStore(), chunks());
  assert.deepEqual([spooled.segments, spooled.size], [[], 0]);
});

for (const failAfter of [1, 3]) {
  test(`spool passes on what the source throws after ${failAfter} chunks and keeps nothing`, async () => {
    const blobs = new MemoryBlobStore();
    async function* broken(): AsyncGenerator<Uint8Array> {
      for (let count = 0; count < failAfter; count += 1) yield text('12345');
      throw new Error('gone');
    }
    await assert.rejects(spool(blobs, broken(), 8), /gone/);
    for await (const entry of blobs.list()) assert.fail(`${entry.blob} was kept`);
  });
}

test('a store that stops early releases the source', async () => {
  let released = false;
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      while (true) yield text('12345');
    } finally {
      released = true;
    }
  }
  const full = {
    put: async (given: AsyncIterable<Uint8Array>) => {
      for await (const _chunk of given) throw new Error('disk full');
      throw new Error('unreachable');
    },
  };
  await assert.rejects(spool(Object.assign(new MemoryBlobStore(), full), source(), 8), /disk full/);
  assert.ok(released);
});
