import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keepNewGroups } from '../../../src/content/text-groups.ts';

function listGroups(text: string): Set<string> {
  const characters = [...text];
  return new Set(characters.slice(2).map((_, at) => characters.slice(at, at + 3).join('')));
}

const character = fc.constantFrom(
  'A',
  'B',
  ' ',
  '\n',
  'É',
  '\u0301',
  'Ж',
  '漢',
  '😀',
  '𝒜',
  '\ud83d',
  '\ude00',
);

test('every group of three characters is kept, and no other comes that could be looked for', () => {
  const property = fc.property(fc.array(character, { maxLength: 60 }), (characters) => {
    const text = characters.join('');
    const kept = keepNewGroups(text, 1000) ?? '';
    const [before, after] = [listGroups(text), listGroups(kept)];
    for (const group of before) assert.ok(after.has(group), JSON.stringify(group));
    for (const group of after) assert.ok(before.has(group) || group.includes('\n'), JSON.stringify(group));
  });
  fc.assert(property, { numRuns: 1500 });
});

test('what comes again is left out, and nothing is remembered of the text before', () => {
  const again = 'NEL MEZZO DEL CAMMIN DI NOSTRA VITA ÈÈÈ ';
  for (const _ of [1, 2])
    assert.ok((keepNewGroups(again.repeat(1000), 2 * again.length) ?? '').length >= again.length);
  assert.equal(keepNewGroups('ab', 9), 'ab');
  assert.equal(keepNewGroups('', 9), '');
  assert.equal(keepNewGroups('abc', 9), 'abc');
});

test('too many groups are none', () => {
  assert.equal(keepNewGroups('abcdefgh', 8), 'abcdefgh');
  assert.equal(keepNewGroups('abcdefgh', 7), undefined);
  assert.equal(keepNewGroups('漢字仮名交じり文', 7), undefined);
});
