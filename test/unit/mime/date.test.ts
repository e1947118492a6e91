import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDate, localTime, parseDate, romeTime } from '../../../src/mime/date.ts';

const instant = (iso: string) => Date.parse(iso);

test('dates are in Italian legal time', () => {
  assert.equal(formatDate(instant('2026-11-22T09:11:12Z')), 'Sun, 22 Nov 2026 10:11:12 +0100');
  assert.equal(formatDate(instant('2026-07-01T22:30:00.999Z')), 'Thu, 2 Jul 2026 00:30:00 +0200');
  assert.equal(
    formatDate(instant('2026-01-05T03:04:05Z'), 'America/New_York'),
    'Sun, 4 Jan 2026 22:04:05 -0500',
  );
  assert.equal(formatDate(instant('2026-01-05T03:04:05Z'), 'Asia/Kolkata'), 'Mon, 5 Jan 2026 08:34:05 +0530');
});

test('the hour that comes twice is told apart by its zone', () => {
  assert.deepEqual(romeTime(instant('2026-10-25T00:30:00Z')), {
    day: '25/10/2026',
    time: '02:30:00',
    zone: '+0200',
  });
  assert.deepEqual(romeTime(instant('2026-10-25T01:30:00Z')), {
    day: '25/10/2026',
    time: '02:30:00',
    zone: '+0100',
  });
});

test('the hour that never comes', () => {
  assert.equal(romeTime(instant('2026-03-29T00:59:59Z')).time, '01:59:59');
  assert.equal(romeTime(instant('2026-03-29T01:00:00Z')).time, '03:00:00');
});

test('midnight is hour zero of the new day', () => {
  const { hour, day, weekday } = localTime(instant('2026-12-31T23:00:00Z'));
  assert.deepEqual([hour, day, weekday], [0, 1, 5]);
});

test('an unknown zone is a mistake of the caller', () => {
  assert.throws(() => formatDate(0, 'Mars/Olympus'), RangeError);
});

test('dates are read in the forms mail has', () => {
  for (const [value, iso] of [
    [' Sun, 22 Nov 2026 10:11:12 +0100\r\n', '2026-11-22T09:11:12Z'],
    ['Sat, 19 Sep 2026 15:41:19 +0200 (CEST)', '2026-09-19T13:41:19Z'],
    ['22 Nov 2026 10:11 +0000', '2026-11-22T10:11:00Z'],
    ['Sun, 22 Nov 26 10:11:12 GMT', '2026-11-22T10:11:12Z'],
    ['Sun, 22 Nov 96 10:11:12 EST', '1996-11-22T15:11:12Z'],
    ['Sun, 22 Nov 126 10:11:12 UT', '2026-11-22T10:11:12Z'],
    ['sun, 22 november 2026 10:11:12 -0330', '2026-11-22T13:41:12Z'],
    ['Sun,\r\n 22 (day) Nov 2026 10:11:12\r\n +0100', '2026-11-22T09:11:12Z'],
    ['22-Nov-2026 10:11:12 +0100', '2026-11-22T09:11:12Z'],
    ['Sun, 22 Nov 2026 10:11:12', '2026-11-22T10:11:12Z'],
    ['Sun, 22 Nov 2026 10:11:12 X', '2026-11-22T10:11:12Z'],
    ['29 Feb 2024 00:00:00 +0000', '2024-02-29T00:00:00Z'],
  ] as const)
    assert.equal(parseDate(value), instant(iso), value);
});

test('what is no date is undefined', () => {
  for (const value of [
    '',
    'yesterday',
    '31 Feb 2026 10:00:00 +0000',
    '22 Foo 2026 10:00:00 +0000',
    '22 Nov 2026 25:00:00 +0000',
    '22 Nov 2026 10:60:00 +0000',
    '0 Nov 2026 10:00:00 +0000',
    '2026-11-22T10:11:12Z',
    'x'.repeat(100_000),
    '('.repeat(100_000),
  ])
    assert.equal(parseDate(value), undefined, value.slice(0, 40));
});

test('what is written is read back to the second', () => {
  for (const iso of [
    '2026-10-25T00:30:00Z',
    '2026-10-25T01:30:00Z',
    '1999-12-31T23:59:59Z',
    '2038-01-19T03:14:08Z',
  ])
    assert.equal(parseDate(formatDate(instant(iso))), instant(iso));
});
