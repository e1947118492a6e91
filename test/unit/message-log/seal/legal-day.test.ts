import assert from 'node:assert/strict';
import { test } from 'node:test';
import { legalDayOf, monthsBefore } from '../../../../src/message-log/seal/legal-day.ts';

const at = (text: string) => Date.parse(text);
const hours = (day: { start: number; end: number }) => (day.end - day.start) / 3_600_000;

test('the legal day is Italian, in winter and in summer', () => {
  assert.deepEqual(legalDayOf(at('2026-01-15T23:30:00Z')), {
    day: '2026-01-16',
    start: at('2026-01-15T23:00:00Z'),
    end: at('2026-01-16T23:00:00Z'),
  });
  assert.deepEqual(legalDayOf(at('2026-07-31T21:59:59.999Z')), {
    day: '2026-07-31',
    start: at('2026-07-30T22:00:00Z'),
    end: at('2026-07-31T22:00:00Z'),
  });
  assert.equal(legalDayOf(at('2026-12-31T23:00:00Z')).day, '2027-01-01');
});

test('it has 23 and 25 hours when the clocks change, and every instant is in its own day', () => {
  assert.equal(hours(legalDayOf(at('2026-03-29T12:00:00Z'))), 23);
  assert.equal(hours(legalDayOf(at('2026-10-25T12:00:00Z'))), 25);
  for (
    let instant = at('2026-03-27T00:00:00Z');
    instant < at('2026-11-02T00:00:00Z');
    instant += 197 * 60_000
  ) {
    const { start, end, day } = legalDayOf(instant);
    assert.ok(start <= instant && instant < end);
    assert.equal(legalDayOf(start).day, day);
    assert.equal(legalDayOf(end - 1).day, day);
    assert.notEqual(legalDayOf(end).day, day);
  }
});

test('months are counted by the calendar', () => {
  const cases = [
    ['2026-11-22T09:00:00Z', 30, '2024-05-22T08:00:00Z'],
    ['2026-03-31T10:00:00Z', 1, '2026-02-28T11:00:00Z'],
    ['2028-03-31T10:00:00Z', 1, '2028-02-29T11:00:00Z'],
    ['2026-08-31T10:00:00Z', 30, '2024-02-29T11:00:00Z'],
    ['2026-01-15T10:00:00Z', 13, '2024-12-15T10:00:00Z'],
  ] as const;
  for (const [now, months, before] of cases)
    assert.equal(new Date(monthsBefore(at(now), months)).toISOString(), new Date(before).toISOString());
});
