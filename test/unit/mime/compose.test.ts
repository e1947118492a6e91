import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concatBytes, fromLatin1, latin1 } from '../../../src/lib/bytes.ts';
import { joinSegments, type Segments } from '../../../src/lib/segments.ts';
import { buildFilePart, buildMessagePart, buildMultipart, buildTextPart } from '../../../src/mime/compose.ts';
import { scanMessage } from '../../../src/mime/part-scanner.ts';
import { decodeTransfer } from '../../../src/mime/transfer.ts';

const bytesOf = (segments: Segments) =>
  concatBytes(segments.map((segment) => (segment instanceof Uint8Array ? segment : fromLatin1('[blob]'))));

test('a text part is quoted-printable Latin-1', () => {
  assert.equal(
    latin1(bytesOf(buildTextPart({ subtype: 'plain', text: 'Perché no?\n10 EUR\n' }))),
    [
      'Content-Type: text/plain; charset="iso-8859-1"',
      'Content-Transfer-Encoding: quoted-printable',
      'Content-Disposition: inline',
      '',
      'Perch=E9 no?',
      '10 EUR',
      '',
    ].join('\r\n'),
  );
});

test('text that Latin-1 cannot hold is UTF-8, and says so', () => {
  const part = latin1(bytesOf(buildTextPart({ subtype: 'plain', text: '10 €' })));
  assert.ok(part.startsWith('Content-Type: text/plain; charset="utf-8"\r\n'));
  assert.ok(part.endsWith('\r\n\r\n10 =E2=82=AC'));
});

test('a file part is base64', () => {
  const part = buildFilePart({
    type: 'application/xml',
    name: 'daticert.xml',
    disposition: 'inline',
    bytes: fromLatin1('<a/>'),
  });
  assert.equal(
    latin1(bytesOf(part)),
    [
      'Content-Type: application/xml; name="daticert.xml"',
      'Content-Transfer-Encoding: base64',
      'Content-Disposition: inline; filename="daticert.xml"',
      '',
      'PGEvPg==',
      '',
    ].join('\r\n'),
  );
});

test('an enclosed message is not touched, nor read: a blob stays a blob', () => {
  const blob = { blob: 'b', offset: 7, length: 100 };
  const message = [fromLatin1('A: b\r\n'), blob];
  const part = joinSegments(buildMessagePart({ name: 'postacert.eml', message, eightBit: true }));
  assert.equal(part.length, 2);
  assert.equal(part[1], blob);
  assert.equal(
    latin1(part[0] as Uint8Array),
    'Content-Type: message/rfc822; name="postacert.eml"\r\nContent-Transfer-Encoding: 8bit\r\n' +
      'Content-Disposition: inline; filename="postacert.eml"\r\n\r\nA: b\r\n',
  );
});

test('a multipart is read back part by part, byte for byte', () => {
  const original = fromLatin1('Subject: x\r\n\r\nno line end at the end');
  const inner = buildMultipart({
    subtype: 'alternative',
    boundary: 'inner=1',
    parts: [
      buildTextPart({ subtype: 'plain', text: 'one' }),
      buildTextPart({ subtype: 'html', text: '<p>one</p>' }),
    ],
  });
  const whole = bytesOf(
    buildMultipart({
      subtype: 'mixed',
      parameters: ['x="y z"'],
      boundary: 'outer',
      preamble: 'For old readers',
      eightBit: true,
      parts: [inner, buildMessagePart({ name: 'postacert.eml', message: [original], eightBit: false })],
    }),
  );
  const tree = scanMessage(whole);
  assert.deepEqual(
    [tree.type, tree.subtype, tree.parameters, tree.transferEncoding],
    ['multipart', 'mixed', { x: 'y z', boundary: 'outer' }, '8bit'],
  );
  assert.equal(latin1(whole, tree.bodyStart).split('\r\n')[0], 'For old readers');
  const [alternative, message] = tree.children;
  assert.equal(tree.children.length, 2);
  assert.deepEqual(
    alternative?.children.map((part) =>
      latin1(decodeTransfer(part.transferEncoding, whole.subarray(part.bodyStart, part.bodyEnd))),
    ),
    ['one', '<p>one</p>'],
  );
  assert.equal(latin1(bytesOf(inner)), latin1(whole, alternative?.headerStart, alternative?.bodyEnd));
  assert.equal(latin1(original), latin1(whole, message?.bodyStart, message?.bodyEnd));
  assert.equal(message?.message?.headerStart, message?.bodyStart);
});

test('a first part without preamble follows the header directly', () => {
  const text = latin1(
    bytesOf(buildMultipart({ subtype: 'mixed', boundary: 'b', parts: [[fromLatin1('\r\nx')]] })),
  );
  assert.equal(text, 'Content-Type: multipart/mixed;\r\n boundary="b"\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n');
});

test('names and boundaries that would break the field are refused', () => {
  for (const boundary of ['', 'a"b', 'a\r\nb', 'ends ', 'x'.repeat(71)])
    assert.throws(() => buildMultipart({ subtype: 'mixed', boundary, parts: [] }), TypeError, boundary);
  for (const name of ['a"b', 'è.txt', 'a\r\nb', 'a\\b'])
    assert.throws(() => buildMessagePart({ name, message: [], eightBit: false }), TypeError, name);
});
