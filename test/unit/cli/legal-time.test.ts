import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beginOfMonth, parseBegin, parseEnd } from '../../../src/cli/legal-time.ts';
import { formatInstant } from '../../../src/cli/table.ts';

const cases: readonly (readonly [text: string, begin: string, end: string])[] = [
  ['2026-11-21', '2026-11-20T23:00Z', '2026-11-21T23:00Z'],
  ['2026-07-01', '2026-06-30T22:00Z', '2026-07-01T22:00Z'],
  // Days on which the clocks change: 23 hours, 25 hours.
  ['2026-03-29', '2026-03-28T23:00Z', '2026-03-29T22:00Z'],
  ['2026-10-25', '2026-10-24T22:00Z', '2026-10-25T23:00Z'],
  ['2026-11-21T10:11:12', '2026-11-21T09:11:12Z', '2026-11-21T09:11:12Z'],
  ['2026-11-21 10:11', '2026-11-21T09:11Z', '2026-11-21T09:11Z'],
  ['2026-11-21T10:11:12Z', '2026-11-21T10:11:12Z', '2026-11-21T10:11:12Z'],
  ['2026-11-21T10:11:12-0530', '2026-11-21T15:41:12Z', '2026-11-21T15:41:12Z'],
  // Shown twice by the clocks: the first time counts.
  ['2026-10-25T02:30:00', '2026-10-25T00:30Z', '2026-10-25T00:30Z'],
];

for (const [text, begin, end] of cases) {
  test(`${text} begins and ends in legal time`, () => {
    assert.equal(new Date(parseBegin(text)).toISOString(), new Date(begin).toISOString());
    assert.equal(new Date(parseEnd(text)).toISOString(), new Date(end).toISOString());
  });
}

test('what is printed can be typed, wherever the machine stands', () => {
  for (const [at, printed] of [
    ['2026-11-21T09:11:12Z', '2026-11-21 10:11:12'],
    ['2026-06-30T22:00:00Z', '2026-07-01 00:00:00'],
  ] as const) {
    assert.equal(formatInstant(Date.parse(at)), printed);
    assert.equal(parseBegin(printed), Date.parse(at));
  }
});

for (const text of ['2026-02-30', '2026-13-01', '21/11/2026', '2026-11-21T25:00', 'ieri', ''])
  test(`${JSON.stringify(text)} is no instant`, () => {
    assert.throws(() => parseBegin(text), /2026-11-21T10:11:12/);
  });

test('months begin at midnight in Rome', () => {
  assert.equal(new Date(beginOfMonth(2026, 9)).toISOString(), '2026-08-31T22:00:00.000Z');
  assert.equal(new Date(beginOfMonth(2026, 13)).toISOString(), '2026-12-31T23:00:00.000Z');
});
