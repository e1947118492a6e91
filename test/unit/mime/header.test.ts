import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromLatin1, latin1 } from '../../../src/lib/bytes.ts';
import { findFields, firstField, parseHeaderBlock, unfold } from '../../../src/mime/header.ts';

const parse = (text: string) => parseHeaderBlock(fromLatin1(text));

test('fields keep their folding and know their place', () => {
  const text = 'Subject: one\r\n two\r\nX-A:b\r\n\r\nbody';
  const block = parse(text);
  assert.deepEqual(
    block.fields.map((field) => [field.name, field.value, text.slice(field.start, field.end)]),
    [
      ['Subject', ' one\r\n two', 'Subject: one\r\n two\r\n'],
      ['X-A', 'b', 'X-A:b\r\n'],
    ],
  );
  assert.equal(text.slice(block.bodyStart), 'body');
  assert.deepEqual(block.problems, []);
});

test('LF alone ends lines too', () => {
  const block = parse('A: 1\n 2\nB: 3\n\nbody\n');
  assert.deepEqual(
    block.fields.map((field) => field.value),
    [' 1\n 2', ' 3'],
  );
  assert.equal(block.bodyStart, 14);
  assert.equal(unfold(block.fields[0]?.value ?? ''), '1 2');
});

test('without a blank line the header goes to the end', () => {
  for (const text of ['A: 1\r\nB: 2', 'A: 1\r\nB: 2\r\n', 'A: 1\r\nB: 2\n', '']) {
    const block = parse(text);
    assert.equal(block.bodyStart, text.length);
    assert.deepEqual(block.problems, ['no blank line after the header']);
  }
  assert.equal(parse('A: 1\r\nB: 2\r').fields[1]?.value, ' 2\r', 'a CR alone ends no line');
});

test('a message may begin with the blank line', () => {
  assert.deepEqual(parse('\r\nbody'), { fields: [], bodyStart: 2, problems: [] });
  assert.deepEqual(parse('\nbody').bodyStart, 1);
});

test('a line of blanks is folding, not the end of the header', () => {
  const block = parse('A: 1\r\n \t\r\nB: 2\r\n\r\n');
  assert.equal(block.fields.length, 2);
  assert.equal(block.fields[0]?.value, ' 1\r\n \t');
});

test('a line that is no field stays in its place and hides nothing after it', () => {
  for (const line of [
    'From someone Thu Jan  1 10:00:00 1970',
    'no colon here',
    'a b: c',
    ': nameless',
    ' first',
    '\xe9: x',
  ]) {
    const text = `${line}\r\nTo: x@y.it\r\n\r\n`;
    const block = parse(text);
    assert.deepEqual(
      block.fields[0],
      { name: '', lowerName: '', value: line, start: 0, end: line.length + 2 },
      line,
    );
    assert.equal(firstField(block, 'TO')?.value, ' x@y.it');
    assert.deepEqual(block.problems, ['a line in the header is no header field']);
  }
});

test('white space before the colon is tolerated and told', () => {
  const block = parse('Subject \t: x\r\n\r\n');
  assert.equal(firstField(block, 'subject')?.value, ' x');
  assert.deepEqual(block.problems, ['white space before the colon of a header field']);
});

test('bare CR and NUL are characters of the value, and problems', () => {
  const block = parse('Subject: a\rBcc: b\x00\r\n\r\n');
  assert.deepEqual(
    block.fields.map((field) => field.value),
    [' a\rBcc: b\x00'],
  );
  assert.deepEqual(block.problems, ['NUL in Subject', 'bare CR in Subject']);
  assert.deepEqual(parse('A: b\r\r\n\r\n').problems, ['bare CR in A']);
});

test('fields are found by name without regard to case, in order', () => {
  const block = parse('Received: 1\r\nTO: x\r\nreceived: 2\r\n\r\n');
  assert.deepEqual(
    findFields(block, 'Received').map((field) => field.value),
    [' 1', ' 2'],
  );
  assert.equal(firstField(block, 'Cc'), undefined);
});

test('8-bit bytes come one character a byte', () => {
  const block = parseHeaderBlock(Buffer.from('Subject: è\r\n\r\n', 'utf8'));
  assert.equal(block.fields[0]?.value, ' \xc3\xa8');
});

test('unfolding keeps inner white space and U+00A0', () => {
  assert.equal(unfold(' a\r\n\t b \xa0\r\n'), 'a\t b \xa0');
});

test('offsets count from the first byte given, also in a view', () => {
  const whole = fromLatin1('xxxxA: 1\r\n\r\nbody');
  const block = parseHeaderBlock(whole.subarray(4));
  assert.equal(block.bodyStart, 8);
  assert.equal(latin1(whole.subarray(4), block.fields[0]?.start, block.fields[0]?.end), 'A: 1\r\n');
});
