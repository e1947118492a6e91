/** Command lines: whatever comes has a keyword, and only what the grammar allows has arguments. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chooseLanguage } from '../../../src/pop3/language.ts';
import { BadCommand } from '../../../src/pop3/refusal.ts';
import { decodeText, parseCount, readArguments, splitCommand } from '../../../src/pop3/wire/command-line.ts';

const bytes = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });

test('a line is its keyword and its rest, and nothing is lost', () => {
  fc.assert(
    fc.property(bytes, (line) => {
      const space = line.indexOf(' ');
      const [keyword, rest] = space < 0 ? [line, ''] : [line.slice(0, space), line.slice(space + 1)];
      assert.deepEqual(splitCommand(line), { keyword: keyword.toUpperCase(), rest });
    }),
  );
  assert.deepEqual(splitCommand('pass  a b '), { keyword: 'PASS', rest: ' a b ' });
  assert.deepEqual(splitCommand(''), { keyword: '', rest: '' });
});

test('arguments and numbers are refused or read, never anything else', () => {
  fc.assert(
    fc.property(bytes, (text) => {
      for (const read of [() => readArguments(text, 1, 2), () => parseCount(text)]) {
        try {
          read();
        } catch (error) {
          assert.ok(error instanceof BadCommand);
        }
      }
    }),
  );
  assert.deepEqual(readArguments(' 1   2 ', 2, 2), ['1', '2']);
  assert.equal(parseCount('007'), 7);
  for (const text of ['', '+1', '1.0', '1e3', '٣', '12345678901'])
    assert.throws(() => parseCount(text), BadCommand);
});

test('names and passwords are UTF-8, or Latin-1 when they are no UTF-8', () => {
  assert.equal(decodeText(Buffer.from('perché').toString('latin1')), 'perché');
  assert.equal(decodeText('perch\u00e9'), 'perché');
});

test('a language is found by its primary tag', () => {
  assert.equal(chooseLanguage('IT'), 'it');
  assert.equal(chooseLanguage('en-GB'), 'en');
  assert.equal(chooseLanguage('i-default'), 'en');
  assert.equal(chooseLanguage('*'), 'it');
  assert.equal(chooseLanguage('ita'), undefined);
});
