import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeLatin1 } from '../../../src/pec/texts/latin1-v1.ts';
import type { TextValues } from '../../../src/pec/texts/model.ts';
import { findTexts, renderText, textsVersion } from '../../../src/pec/texts/render.ts';

const transliterations: [text: string, latin: string][] = [
  ['è già così', 'è già così'],
  ['e\u0300 gia\u0300', 'è già'],
  ['Łódź, Đoković, Œuvre, ŉ', "Lódz, Dokovic, OEuvre, 'n"],
  ['Ελλάδα Москва', 'Ellada Moskva'],
  ['“a” ‘b’ – — … 100 €', '"a" \'b\' - - ... 100 EUR'],
  ['\u{1f600}', '[U+1F600]'],
  ['a 請求 b', 'a [U+8ACB U+6C42] b'],
  // A joiner does not part what is one sign to the eye.
  ['\u{1f468}\u200d\u{1f469}', '[U+1F468 U+1F469]'],
  ['ＡＢＣ', 'ABC'],
  ['a\r\nb\tc\u0000d\u0085e\u2028f', 'a  b c d e f'],
  ['x\u202ey\ufeffz\u200b', 'xyz'],
  [String.fromCharCode(0xdc00), '[U+DC00]'],
  ['\u0378', '[U+0378]'],
  ['?', '?'],
];

for (const [text, latin] of transliterations) {
  test(`in Latin-1: ${JSON.stringify(text)}`, () => {
    assert.equal(writeLatin1(text), latin);
  });
}

test('every character becomes Latin-1 text of one line, and never a question mark', () => {
  for (let code = 0; code < 0x30000; code++) {
    // The question mark itself, and its full-width form.
    if (code === 0x3f || code === 0xff1f) continue;
    assert.match(writeLatin1(`_${String.fromCodePoint(code)}b`), /^_[\x20-\x3e\x40-\x7e\xa0-\xff]*b$/u);
  }
});

const values: TextValues = {
  day: '21/11/2026',
  time: '10:11:12',
  zone: '+0100',
  subject: 'x',
  sender: 'a@x.it',
  identificativo: 'id@x.it',
  recipients: [{ address: 'b@y.it' }],
};

test('a value is never a template, markup or a line', () => {
  const subject = '{sender} <b>&amp;</b> "q"\r\nIdentificativo messaggio: falso\u202e';
  const { plain, html } = renderText(findTexts(), 'takeInCharge', { ...values, subject });
  const shown = '"{sender} <b>&amp;</b> "q"  Identificativo messaggio: falso" proveniente da "a@x.it"';
  assert.ok(plain.split('\r\n').includes(shown), plain);
  const markup =
    '&quot;{sender} &lt;b&gt;&amp;amp;&lt;/b&gt; &quot;q&quot;  Identificativo messaggio: falso&quot; proveniente da &quot;a@x.it&quot;<br>';
  assert.ok(html.split('\r\n').includes(markup), html);
});

test('HTML is ASCII; what is beyond stands as entities', () => {
  const { html } = renderText(findTexts(), 'takeInCharge', {
    ...values,
    subject: `è 請 \u{1f600} ${'\u009f'}`,
  });
  assert.ok(html.includes('&quot;&egrave; &#35531; &#128512;  &quot;'));
  assert.match(html, /^[\x20-\x7e\r\n]*$/);
});

test('all texts are complete in both languages: no value is left out or named wrongly', () => {
  const set = findTexts();
  const known = ['day', 'time', 'zone', 'subject', 'sender', 'identificativo', 'recipient', 'recipients'];
  const all = [...known, 'reason', 'virus', 'warnings', 'issued', 'reference', 'receiptname'];
  for (const [name, { italian, english }] of Object.entries(set.texts)) {
    const used = (lines: readonly string[]) =>
      [...lines.join('\n').matchAll(/\{([^}]*)\}/g)].map(([, value = '']) => value).sort();
    assert.deepEqual(used(italian.lines), used(english.lines), name);
    for (const value of used(italian.lines)) assert.ok(all.includes(value), `${name}: ${value}`);
    for (const value of ['day', 'time', 'zone', 'subject', 'identificativo'])
      assert.ok(used(italian.lines).includes(value), `${name} lacks ${value}`);
    assert.equal(italian.lines.at(-1), 'Identificativo messaggio: {identificativo}');
  }
});

test('a version that never was is no text', () => {
  assert.equal(findTexts().version, textsVersion);
  assert.throws(() => findTexts(0), RangeError);
});
