import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatDateTime, parseDateTime, parseDay } from '../../../../src/imap/wire/dates.ts';
import { SyntaxProblem } from '../../../../src/imap/wire/syntax.ts';

describe('dates', () => {
  it('reads a date-time in its zone', () => {
    assert.equal(parseDateTime('17-Jul-1996 02:44:25 -0700'), Date.UTC(1996, 6, 17, 9, 44, 25));
    assert.equal(parseDateTime(' 1-jan-2026 00:00:00 +0130'), Date.UTC(2025, 11, 31, 22, 30));
  });

  it('gives back what it wrote', () => {
    for (const at of [0, Date.UTC(2026, 1, 9, 3, 4, 5), Date.UTC(1969, 11, 31, 23, 59, 59)]) {
      assert.equal(parseDateTime(formatDateTime(at)), at);
    }
    assert.equal(formatDateTime(Date.UTC(2026, 1, 9, 3, 4, 5)), '09-Feb-2026 03:04:05 +0000');
  });

  it('refuses days and hours that are none', () => {
    for (const text of ['29-Feb-2025', '0-Jan-2026', '1-Foo-2026', '2026-01-01', '1-Jan-26']) {
      assert.throws(() => parseDay(text), SyntaxProblem, text);
    }
    for (const text of [
      '01-Jan-2026 24:00:00 +0000',
      '01-Jan-2026 00:60:00 +0000',
      '1-Jan-2026 00:00:00 +0000',
    ]) {
      assert.throws(() => parseDateTime(text), SyntaxProblem, text);
    }
  });
});
