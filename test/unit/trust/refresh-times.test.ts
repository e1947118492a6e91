import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideFreshUntil, decideNextFetch, decideRetry } from '../../../src/trust/refresh-times.ts';

const hour = 3_600_000;
const at = Date.UTC(2026, 10, 21);
const day = 24 * hour;
const weekly = { thisUpdate: at - 6 * day, nextUpdate: at + day, fetchedAt: at };

test('a document is fresh up to its due date, and not longer than allowed after the fetch', () => {
  assert.equal(decideFreshUntil(weekly, 2 * day), at + day);
  assert.equal(decideFreshUntil(weekly, 6 * hour), at + 6 * hour);
  assert.equal(decideFreshUntil({ ...weekly, nextUpdate: undefined }, day), undefined);
});

test('it is fetched again at half its age, and before it is due', () => {
  assert.equal(decideNextFetch(weekly, day), at + 12 * hour);
  assert.equal(decideNextFetch(weekly, 31 * day), at + day - hour);
  const hourly = { thisUpdate: at, nextUpdate: at + hour, fetchedAt: at };
  assert.equal(decideNextFetch(hourly, day), at + hour - hour / 10);
});

test('a server that gives nothing but old documents is not asked without pause', () => {
  for (const nextUpdate of [at - day, at, at + 1000])
    assert.equal(decideNextFetch({ ...weekly, nextUpdate }, day), at + hour / 12);
  assert.equal(decideNextFetch({ ...weekly, nextUpdate: undefined }, hour), at + hour / 2);
});

test('after failures the pauses grow to an hour', () => {
  const pauses = [1, 2, 3, 4, 5, 6, 7, 8, 100].map((failures) => (decideRetry(at, failures) - at) / 60_000);
  assert.deepEqual(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
});
