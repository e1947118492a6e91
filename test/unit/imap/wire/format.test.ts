import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatAstring, formatNstring, formatString, formatText } from '../../../../src/imap/wire/format.ts';

describe('strings in responses', () => {
  it('quotes where it may, else writes a literal', () => {
    assert.equal(formatString('a "b" \\c'), '"a \\"b\\" \\\\c"');
    assert.equal(formatString(''), '""');
    assert.equal(formatString('citt\xc3\xa0'), '{6}\r\ncitt\xc3\xa0');
    assert.equal(formatString('citt\xc3\xa0', true), '"citt\xc3\xa0"');
    assert.equal(formatString('a\r\nb'), '{4}\r\na\r\nb');
    assert.equal(formatString('x'.repeat(2000)).slice(0, 8), '{2000}\r\n');
  });

  it('never writes a string that reads as NIL', () => {
    assert.equal(formatNstring(undefined), 'NIL');
    assert.equal(formatAstring('nil'), '"nil"');
    assert.equal(formatAstring('INBOX'), 'INBOX');
    assert.equal(formatAstring('due parole'), '"due parole"');
  });

  it('keeps texts on one line and in the characters the client takes', () => {
    assert.equal(formatText('uno\r\n* BYE due', false), 'uno * BYE due');
    assert.equal(formatText('Città – piena', false), 'Citta ? piena');
    assert.equal(formatText('Città', true), 'Citt\xc3\xa0');
  });
});
