import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapeHtml, transliterateToLatin1 } from '../../../src/mime/latin1-text.ts';

test('what Latin-1 holds stays', () => {
  assert.equal(transliterateToLatin1('Perché così? «À»\r\n'), 'Perché così? «À»\r\n');
});

test('the rest is spelled, stripped of its accent, or named', () => {
  assert.equal(transliterateToLatin1('10 € – “sì”…'), '10 EUR - "sì"...');
  assert.equal(transliterateToLatin1('Nagyőszi Łódź ﬁn'), 'Nagyoszi Lódz fin');
  assert.equal(transliterateToLatin1('中😀'), '[U+4E2D][U+1F600]');
  assert.equal(transliterateToLatin1('a\u200bb\ud800'), 'ab[U+FFFD]');
});

test('each character of the result is one byte that every reader shows alike', () => {
  const text = transliterateToLatin1('Ω≈ç√∫˜µ≤≥÷œ∑´®†¥¨ˆøπ\u0080\u009f');
  for (const character of text) {
    const code = character.charCodeAt(0);
    assert.ok(code < 0x80 || (code >= 0xa0 && code <= 0xff), character);
  }
});

test('HTML text is ASCII and holds no markup', () => {
  assert.equal(
    escapeHtml('<a href="x">\'&è€😀'),
    '&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#232;&#8364;&#128512;',
  );
});
