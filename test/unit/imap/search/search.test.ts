import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { NeedleSearch } from '../../../../src/imap/search/body-text.ts';
import { judge, sentDayOf, type TextKey } from '../../../../src/imap/search/judge.ts';
import { Arguments } from '../../../../src/imap/wire/arguments.ts';
import { readSearchProgram } from '../../../../src/imap/wire/search-keys.ts';
import { SyntaxProblem } from '../../../../src/imap/wire/syntax.ts';

const read = (text: string) => readSearchProgram(new Arguments([text]));
const nothingKnown = { uid: 1, recent: false, now: 0, sets: new Map() };
const record = {
  uid: 1,
  modseq: 5,
  flags: ['\\Seen', '$Pratica'],
  size: 100,
  internalDate: 0,
  savedAt: 0,
  contentId: 1,
};

describe('deciding as early as possible', () => {
  it('knows what follows from the record alone', () => {
    const decided = (text: string) => judge(read(text), { ...nothingKnown, record });
    assert.equal(decided('SEEN'), true);
    assert.equal(decided('UNSEEN BODY x'), false);
    assert.equal(decided('OR SEEN BODY x'), true);
    assert.equal(decided('SEEN BODY x'), undefined);
    assert.equal(decided('NOT BODY x'), undefined);
    assert.equal(decided('NOT (UNSEEN BODY x)'), true);
    assert.equal(decided('OR (UNSEEN TEXT a) (LARGER 99 $PRATICA)'.replace('$', 'KEYWORD $')), true);
  });

  it('knows what follows from the header', () => {
    const fields = [['Subject', ' =?utf-8?q?Citt=C3=A0?=']] as const;
    const decided = (text: string) => judge(read(text), { ...nothingKnown, record, fields });
    assert.equal(decided('SUBJECT "CITTÀ"'), true);
    assert.equal(decided('TEXT citta'), true);
    assert.equal(decided('TEXT altro'), undefined);
    assert.equal(decided('HEADER Subject ""'), true);
    assert.equal(decided('FROM x'), false);
  });
});

describe('the day a message was sent', () => {
  const day = (value: string) => sentDayOf([['Date', value]]);

  it('is the one the sender wrote', () => {
    assert.equal(day('Mon, 1 Dec 2025 23:30:00 -0500'), Date.UTC(2025, 11, 1));
    assert.equal(day('01 December 2025 00:10:00 +1400'), Date.UTC(2025, 11, 1));
    assert.equal(day('rubbish'), undefined);
    assert.equal(sentDayOf([]), undefined);
  });
});

describe('looking for texts in a stream', () => {
  it('finds what is there however the text is cut', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'à', ' '), maxLength: 30 });
    const needle = fc.string({ unit: fc.constantFrom('a', 'B', ' '), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(
        text,
        fc.array(needle, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 7 }),
        (whole, needles, size) => {
          const keys = needles.map((each): TextKey => ({ kind: 'body', text: each }));
          const search = new NeedleSearch(keys);
          search.beginText();
          for (let at = 0; at < whole.length; at += size) search.lookInto(whole.slice(at, at + size));
          const folded = whole.normalize('NFKD').toUpperCase();
          for (const key of keys) {
            assert.equal(search.found.has(key), folded.includes(key.text.toUpperCase()), key.text);
          }
        },
      ),
    );
  });
});

describe('the grammar of searches', () => {
  it('refuses what is none, and nesting without end', () => {
    for (const text of [
      '',
      'SEEN  ALL',
      '()',
      'NOT',
      'OR SEEN',
      'FROM',
      'LARGER x',
      'UID',
      'SINCE 2026',
      'CHARSET UTF-8',
    ]) {
      assert.throws(() => read(text), SyntaxProblem, text);
    }
    assert.throws(() => read(`${'('.repeat(500)}ALL${')'.repeat(500)}`), /nested too deeply/);
    assert.throws(() => read(`${'NOT '.repeat(500)}ALL`), /nested too deeply/);
    assert.doesNotThrow(() => read(`${'('.repeat(50)}ALL${')'.repeat(50)}`));
  });
});
