import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { latin1 } from '../../../src/lib/bytes.ts';
import { decodeHeaderText, decodeWords, encodeHeaderText } from '../../../src/mime/encoded-word.ts';
import { firstField, parseHeaderBlock } from '../../../src/mime/header.ts';

const raw = (text: string) => latin1(Buffer.from(text, 'utf8'));

describe('decodeHeaderText', () => {
  const cases: readonly [raw: string, text: string][] = [
    [' plain text\r\n', 'plain text'],
    ['folded\r\n here', 'folded here'],
    // RFC 2047 §8
    ['=?ISO-8859-1?Q?a?=', 'a'],
    ['=?ISO-8859-1?Q?a?= b', 'a b'],
    ['=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=', 'ab'],
    ['=?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?=', 'ab'],
    ['=?ISO-8859-1?Q?a_b?=', 'a b'],
    ['=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=', 'a b'],
    ['=?iso-8859-1?q?Citt=e0?= libera', 'Città libera'],
    ['=?UTF-8?B?UGVyY2jDqQ==?=', 'Perché'],
    ['=?utf-8*it?Q?Perch=C3=A9?=', 'Perché'],
    // a character cut in half between two words
    ['=?utf-8?Q?Perch=C3?= =?utf-8?Q?=A9?=', 'Perché'],
    ['=?utf-8?B?w6?= =?UTF-8?Q?=A9?=', 'é'],
    ['=?windows-1252?Q?10_=80?=', '10 €'],
    ['=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=', '日本'],
    ['=?gb18030?B?1tA=?=', '中'],
    // no charset anyone knows: UTF-8 if valid, else Latin-1
    ['=?x-unknown?Q?=C3=A9_=?=', 'é ='],
    ['=?x-unknown?Q?=E9?=', 'é'],
    ['=?us-ascii?Q?=E9?=', 'é'],
    ['=?utf-8?Q?=E9?=', '\ufffd'],
    // spaces and question marks that should not be there
    ['=?utf-8?Q?a b?=', 'a b'],
    ['=?utf-8?Q?what?_?=', 'what? '],
    ['x=?utf-8?Q?a?=y', 'xay'],
    // not encoded words
    ['=?utf-8?X?a?=', '=?utf-8?X?a?='],
    ['=?utf-8?Q?never closed', '=?utf-8?Q?never closed'],
    ['=?utf-8?Q?open =?utf-8?Q?a?=', '=?utf-8?Q?open a'],
    ['=??Q?a?=', '=??Q?a?='],
    ['=?', '=?'],
    ['=?=?=?', '=?=?=?'],
    ['=?utf-8?Q?=ZZ=4?=', '=ZZ=4'],
    ['=?utf-8?B?%%%?=', ''],
    // raw 8 bit
    [raw('già così'), 'già così'],
    ['gi\xe0', 'già'],
    [`${raw('é')} =?utf-8?Q?=C3=A8?=`, 'é è'],
    // control characters never come out
    ['=?utf-8?Q?a=0D=0ABcc:_x=00?=', 'a  Bcc: x '],
    ['a\x00b\tc', 'a b c'],
  ];
  for (const [value, text] of cases)
    test(JSON.stringify(value), () => assert.equal(decodeHeaderText(value), text));
});

test('decodeWords leaves Unicode around encoded words alone', () => {
  assert.equal(decodeWords('è\t=?utf-8?Q?=C3=A8?= ?='), 'è\tè ?=');
});

/** Header, parsed again, and its lines. */
function written(name: string, text: string): { value: string; lines: readonly string[] } {
  const field = encodeHeaderText(name, text);
  const block = parseHeaderBlock(Buffer.from(`${field}\r\n`, 'latin1'));
  assert.equal(block.fields.length, 1, 'exactly one field');
  assert.deepEqual(block.problems, []);
  return { value: firstField(block, name)?.value ?? '', lines: field.split('\r\n').slice(0, -1) };
}

describe('encodeHeaderText', () => {
  test('ASCII stays readable', () => {
    assert.equal(encodeHeaderText('Subject', 'ACCETTAZIONE: prova'), 'Subject: ACCETTAZIONE: prova\r\n');
    assert.equal(encodeHeaderText('Subject', ''), 'Subject: \r\n');
  });

  test('other text is encoded whole, so that prefix and subject stay together', () => {
    assert.equal(
      encodeHeaderText('Subject', 'CONSEGNA: perché'),
      'Subject: =?utf-8?Q?CONSEGNA=3A_perch=C3=A9?=\r\n',
    );
    assert.equal(encodeHeaderText('Subject', '日本語'), 'Subject: =?utf-8?B?5pel5pys6Kqe?=\r\n');
  });

  test('no line breaks and no NUL come from the text', () => {
    const { value, lines } = written('Subject', 'a\r\nBcc: x@y.it\r\n\r\nbody\0');
    assert.equal(lines.length, 1);
    assert.equal(decodeHeaderText(value), 'a  Bcc: x@y.it    body');
  });

  test('a field name that is none is refused', () => {
    for (const name of ['', 'a b', 'a:', 'é', 'a\r\nb'])
      assert.throws(() => encodeHeaderText(name, 'x'), TypeError);
  });

  test('lines are folded at 78 columns and come back as they were', () => {
    const texts = [
      'parola '.repeat(60).trim(),
      'perché così '.repeat(60).trim(),
      '日本語の件名'.repeat(40),
      `a${' '.repeat(200)}b`,
      'x'.repeat(2000),
      '=?utf-8?Q?not_encoded_by_us?=',
      '😀'.repeat(100),
      'x '.repeat(500).trim(),
    ];
    for (const text of texts) {
      const { value, lines } = written('Subject', text);
      assert.equal(decodeHeaderText(value), text);
      // A single word, or a run of spaces, cannot be folded.
      if (!/[^ ]{60}| {60}/.test(text)) for (const line of lines) assert.ok(line.length <= 78, line);
      for (const line of lines) assert.ok(line.length <= 998 && line.trim() !== '', line);
    }
  });

  test('each encoded word holds whole characters and is at most 75 long', () => {
    const { value } = written('Subject', 'è😀日'.repeat(50));
    for (const word of value.trim().split(/\s+/)) {
      assert.ok(word.length <= 75, word);
      assert.ok(!decodeHeaderText(word).includes('\ufffd'), word);
    }
  });

  test('lone surrogates become the replacement character', () => {
    assert.equal(decodeHeaderText(written('Subject', 'a\ud800b').value), 'a\ufffdb');
  });
});
