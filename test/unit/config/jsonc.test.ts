import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseJsonc } from '../../../src/config/jsonc.ts';

test('comments and commas before a closing bracket are allowed', () => {
  const text = `// head
{
  "a": "not // a comment", /* one
  more */ "b": [1, 2, /* last */ ], // end
  "c": "escaped \\" // still text",
}
// tail`;
  assert.deepEqual(parseJsonc(text), { a: 'not // a comment', b: [1, 2], c: 'escaped " // still text' });
});

test('a mistake is found at the line where it stands', () => {
  assert.throws(
    () => parseJsonc('/* one\n two */\n{ "a": 1,\n  b: 2 }'),
    /^SyntaxError: line 4: expected a name in double quotes, or }, found "b: 2 }"$/,
  );
});

test('two commas, or a comma alone, stay a mistake', () => {
  for (const text of ['[1,,]', '[,]', '{"a":1,,}', '[1 2]', '/* open', '"open'])
    assert.throws(() => parseJsonc(text), SyntaxError, text);
});

test('a name that stands twice is a mistake', () => {
  assert.throws(() => parseJsonc('{ "a": 1,\n "a": 2 }'), /line 2: "a" stands here a second time/);
  assert.deepEqual(parseJsonc('{ "a": { "a": 1 } }'), { a: { a: 1 } });
});

test('all JSON is JSON with comments', () => {
  fc.assert(fc.property(fc.json(), (text) => assert.deepEqual(parseJsonc(text), JSON.parse(text))));
});
