import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  changeFlags,
  formatFlags,
  joinKeywords,
  parseFlags,
  splitKeywords,
} from '../../../src/mailbox/flags.ts';

const named = fc.array(
  fc.constantFrom('\\Seen', '\\SEEN', '\\deleted', '\\Draft', 'Lavoro', 'LAVORO', '$Forwarded', 'x', 'X'),
  { maxLength: 6 },
);
const keys = (flags: readonly string[]) => [...new Set(flags.map((flag) => flag.toLowerCase()))].sort();

test('every change is what sets without case would be', () => {
  fc.assert(
    fc.property(named, named, fc.constantFrom('add', 'remove', 'replace'), (before, change, operation) => {
      const after = formatFlags(changeFlags(parseFlags(before), operation, parseFlags(change)));
      const wanted = new Set(operation === 'replace' ? [] : keys(before));
      for (const key of keys(change)) operation === 'remove' ? wanted.delete(key) : wanted.add(key);
      assert.deepEqual(keys(after), [...wanted].sort());
      assert.equal(after.length, wanted.size);
    }),
  );
});

test('the spelling of the first use stays', () => {
  const before = parseFlags(['Lavoro']);
  for (const operation of ['add', 'replace'] as const) {
    const after = changeFlags(before, operation, parseFlags(['LAVORO', 'nuovo', 'NUOVO']));
    assert.deepEqual(formatFlags(after), ['Lavoro', 'nuovo']);
  }
});

test('a change that changes nothing is the same object', () => {
  const before = parseFlags(['\\Seen', 'a']);
  assert.equal(changeFlags(before, 'add', parseFlags(['A', '\\SEEN'])), before);
  assert.equal(changeFlags(before, 'remove', parseFlags(['b'])), before);
  assert.equal(changeFlags(before, 'replace', parseFlags(['\\seen', 'A'])), before);
});

test('keywords survive their column', () => {
  for (const keywords of [[], ['a'], ['$Forwarded', 'NonJunk', 'è']]) {
    assert.deepEqual(splitKeywords(joinKeywords(keywords)), keywords);
  }
});

test('letters outside ASCII keep their case', () => {
  assert.deepEqual(formatFlags(parseFlags(['Perché', 'PERCHé', 'PERCHÉ'])), ['Perché', 'PERCHÉ']);
});
