import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { escapeXml, unescapeXml } from '../../../src/web/xml.ts';

test('what was escaped holds no markup and reads back', () => {
  const text = fc
    .string({ unit: 'grapheme' })
    .map((value) => value.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, ''));
  fc.assert(
    fc.property(text, (value) => {
      const escaped = escapeXml(value);
      assert.doesNotMatch(escaped, /[<>"']/);
      assert.equal(unescapeXml(escaped), value);
    }),
  );
});

test('characters that XML does not know are left out', () => {
  assert.equal(escapeXml('a\u0000b\u001bc\ufffed\ud800e'), 'abcde');
});

test('numeric references are read, impossible ones stay', () => {
  assert.equal(unescapeXml('&#64;&#x40;&#x110000;&nope;'), '@@&#x110000;&nope;');
});
