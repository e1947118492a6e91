/**
 * Inputs made to be slow. Were a reader quadratic, its test would run for many minutes and the runner would end it;
 * linear work takes a few seconds for the whole file.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromLatin1 } from '../../src/lib/bytes.ts';
import { parseAddressList } from '../../src/mime/address.ts';
import { parseContentDisposition, parseContentType } from '../../src/mime/content-type.ts';
import { parseDate } from '../../src/mime/date.ts';
import { decodeHeaderText, encodeHeaderText } from '../../src/mime/encoded-word.ts';
import { parseHeaderBlock } from '../../src/mime/header.ts';
import { scanMessage } from '../../src/mime/part-scanner.ts';
import { walkParts } from '../../src/mime/part-walk.ts';
import { decodeTransfer, encodeQuotedPrintable } from '../../src/mime/transfer.ts';

const MIB = 1024 * 1024;
const fill = (unit: string, size = MIB) => unit.repeat(Math.ceil(size / unit.length));

test('address lists of a megabyte of anything', () => {
  const units = [
    ' ',
    '"',
    '\\"',
    '(',
    '((a)',
    '<',
    '>',
    ',',
    ';',
    ':',
    '.',
    '@',
    '[',
    'x: y, ;',
    '<@a,',
    '<@a:',
    '. ',
    '\xe8',
  ];
  for (const unit of units) assert.ok(parseAddressList(`x <${fill(unit)}>)"];`).problems.length <= 20);
  assert.ok(parseAddressList(`${fill('"a" ')}<${fill(':')};`).problems.length <= 20);
});

test('header text of a megabyte of anything', () => {
  for (const unit of [
    ' ',
    '\r\n ',
    '=',
    '=?',
    '?=',
    '=?a?Q?',
    '=?utf-8?B?a',
    '=?utf-8?Q?a?==?utf-8?B?w6g=?=',
    '=?x',
  ])
    assert.equal(typeof decodeHeaderText(`${fill(unit)}?=`), 'string');
  for (const unit of [' ', 'a', 'a ', '*', '\xe8', '=?'])
    assert.ok(encodeHeaderText('Subject', fill(unit)).endsWith('\r\n'));
});

test('parameters of a megabyte of anything', () => {
  const units = [
    ' ',
    '"',
    '\\',
    '(',
    '((a)',
    ';',
    '=',
    'a=b;',
    'a*0=b;',
    "a*=''%",
    'a=";',
    'a=(',
    '*',
    '%41',
  ];
  for (const unit of units) {
    assert.equal(parseContentType(`a/b;${fill(unit)})`)?.type, 'a');
    parseContentDisposition(`${fill(unit)})`);
  }
});

test('dates of a megabyte of anything', () => {
  for (const unit of ['(', ' ', 'a', '22 ', 'Nov, ']) assert.equal(parseDate(fill(unit)), undefined);
});

test('an address list of a megabyte is read to its end', () => {
  const { addresses, problems } = parseAddressList(fill('"Rossi, Mario" <m.rossi@pec.example.it>,\r\n '));
  assert.deepEqual([addresses.length, problems], [Math.ceil(MIB / 43), []]);
});

test('many encoded words are all decoded', () => {
  const text = decodeHeaderText(fill('=?utf-8?Q?=C3?=\r\n =?utf-8?Q?=A8?=\r\n '));
  assert.match(text, /^è{20000,}$/);
});

test('a header of ten megabytes', () => {
  for (const unit of ['a:\n', 'x', '\r', '\n ', ' ']) {
    const text = `A: ${fill(unit, 10 * MIB)}`;
    const block = parseHeaderBlock(fromLatin1(text));
    assert.equal(block.bodyStart, text.length);
  }
});

test('bodies of four megabytes in every encoding', () => {
  for (const unit of ['=', ' ', '=\r', '=4', '\r', '\n', ' \n', '= ', 'YQ', 'YQ==', '\0']) {
    const bytes = fromLatin1(fill(unit, 4 * MIB));
    for (const encoding of ['base64', 'quoted-printable'])
      assert.ok(decodeTransfer(encoding, bytes).length <= bytes.length);
  }
  for (const unit of [' ', '\r', '\n', '.', '=', 'From ']) encodeQuotedPrintable(fromLatin1(fill(unit)));
});

test('messages of four megabytes made of boundaries, headers and lines', () => {
  const nested = Array.from(
    { length: 90 },
    (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`,
  ).join('');
  const outer = Array.from(
    { length: 90 },
    (_, i) => `--b${i}\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n`,
  ).join('');
  const one = 'Content-Type: multipart/mixed; boundary=b\r\n\r\n';
  for (const head of ['\r\n', one, nested])
    for (const unit of [
      ...[
        '\n',
        '\r\n',
        '\r',
        '-',
        '--',
        '--\n',
        '--b\n',
        '--b89\r\n',
        '--b89x\r\n',
        '--b0--\n',
        '--b\r\n\r\n',
        `--b\r\n${one}`,
      ],
      ...[
        outer,
        `${outer}--b0\r\n\r\n`,
        'a:\n',
        '--b\na:\na:\na:\n\n',
        `${'x'.repeat(2040)}\n`,
        `--${'x'.repeat(2040)}\n`,
      ],
      ...['Content-Type: message/rfc822\r\n\r\n', `--b\r\nContent-Type: message/rfc822\r\n\r\n${one}--b\r\n`],
    ]) {
      const bytes = fromLatin1(head + fill(unit, 4 * MIB));
      const tree = scanMessage(bytes);
      assert.equal(tree.bodyEnd, bytes.length);
      let fields = 0;
      let parts = 0;
      for (const part of walkParts(tree)) {
        parts++;
        fields += part.fields.length;
      }
      assert.ok(parts <= 10_000 && fields <= 100_000);
    }
});
