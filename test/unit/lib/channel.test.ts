import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createChannel } from '../../../src/lib/channel.ts';

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

test('the consumer gets every item in order', async () => {
  const channel = createChannel<number>();
  const received = collect(channel);
  for (const item of [1, 2, 3]) await channel.push(item);
  channel.close();
  assert.deepEqual(await received, [1, 2, 3]);
});

test('push waits until the item was taken', async () => {
  const channel = createChannel<number>();
  let taken = false;
  const pushed = channel.push(1).then(() => {
    taken = true;
  });
  await turn();
  assert.equal(taken, false);
  const received = collect(channel);
  await pushed;
  channel.close();
  assert.deepEqual(await received, [1]);
});

test('a consumer that goes away does not hold up the producer', async () => {
  const channel = createChannel<number>();
  const first = (async () => {
    for await (const item of channel) return item;
    return undefined;
  })();
  await channel.push(1);
  assert.equal(await first, 1);
  await channel.push(2);
  await channel.push(3);
  channel.close();
});

test('an item nobody takes any more is let go when the consumer leaves', async () => {
  const channel = createChannel<number>();
  const iterator = channel[Symbol.asyncIterator]();
  const pushed = channel.push(1);
  assert.deepEqual(await iterator.next(), { value: 1, done: false });
  await pushed;
  const waiting = channel.push(2);
  await iterator.return?.(undefined);
  await waiting;
});

test('closing with an error makes the consumer throw after what it was given', async () => {
  const channel = createChannel<number>();
  const received = collect(channel);
  await channel.push(1);
  channel.close(new Error('cut off'));
  await assert.rejects(received, /cut off/);
});

test('a consumer that never began and is given up holds nobody up', async () => {
  const channel = createChannel<number>();
  const waiting = channel.push(1);
  channel.abandon();
  await waiting;
  await channel.push(2);
});
