import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromLatin1, latin1 } from '../../../src/lib/bytes.ts';
import {
  decodeTransfer,
  encodeBase64Lines,
  encodeQuotedPrintable,
  TransferDecoder,
} from '../../../src/mime/transfer.ts';

const decode = (encoding: string, text: string) => latin1(decodeTransfer(encoding, fromLatin1(text)));

test('base64, also broken', () => {
  for (const [text, expected] of [
    ['aGVsbG8=', 'hello'],
    ['aGVs\r\nbG8=\r\n', 'hello'],
    ['aGVsbG8', 'hello'],
    ['aGVsbG8====', 'hello'],
    ['a G*V!s-b_G8=', 'hello'],
    ['aGVsbG8=aGVsbG8=', 'hellohello'],
    ['=aGVsbG8=', 'hello'],
    ['a', ''],
    ['aGVsbG8A', 'hello\0'],
    ['', ''],
    ['\0\xff', ''],
  ] as const)
    assert.equal(decode('Base64', text), expected, text);
});

test('quoted-printable, also broken', () => {
  for (const [text, expected] of [
    ['a=3Db', 'a=b'],
    ['perch=E9 =e9', 'perch\xe9 \xe9'],
    ['soft=\r\n break=\n s', 'soft break s'],
    ['padded=  \t\r\nbreak', 'paddedbreak'],
    ['trailing  \t\r\nblanks \n', 'trailing\r\nblanks\n'],
    ['inner  blanks', 'inner  blanks'],
    ['at the end  ', 'at the end'],
    ['a\r\nat the end  ', 'a\r\nat the end'],
    ['=ZZ =4 =4Z', '=ZZ =4 =4Z'],
    ['== =A =3D', '== =A ='],
    ['= A', '= A'],
    ['x=', 'x='],
    ['x=4', 'x=4'],
    ['x=\r', 'x=\r'],
    ['a\rb', 'a\rb'],
    ['a\r', 'a\r'],
    ['a \r\r\nb', 'a\r\nb'],
    ['\0\xff', '\0\xff'],
  ] as const)
    assert.equal(decode('quoted-printable', text), expected, JSON.stringify(text));
});

test('a run of blanks longer than any line is kept, not held for ever', () => {
  const run = ' '.repeat(5000);
  assert.equal(decode('quoted-printable', `a${run}b=${run}c`), `a${run}b=${run}c`);
});

test('other encodings are none', () => {
  for (const encoding of ['7bit', '8bit', 'binary', '', 'x-unknown'])
    assert.equal(decode(encoding, 'a=3D\xff'), 'a=3D\xff');
});

test('chunks do not matter', () => {
  for (const [encoding, text] of [
    ['base64', 'aGVs\r\nbG8=YQ==!YWI='],
    ['quoted-printable', 'a=3D =\r\n b  \r\nc=4x=\r =  \t\r\nd \r'],
  ] as const) {
    const decoder = new TransferDecoder(encoding);
    let out = '';
    for (const character of text) out += latin1(decoder.push(fromLatin1(character)));
    out += latin1(decoder.end());
    assert.equal(out, decode(encoding, text));
  }
});

test('base64 lines are 76 long and end in CRLF', () => {
  assert.equal(encodeBase64Lines(fromLatin1('hello')), 'aGVsbG8=\r\n');
  assert.equal(encodeBase64Lines(new Uint8Array(0)), '');
  const lines = encodeBase64Lines(new Uint8Array(57 * 2 + 1)).split('\r\n');
  assert.deepEqual(
    lines.map((line) => line.length),
    [76, 76, 4, 0],
  );
});

test('quoted-printable text', () => {
  for (const [text, expected] of [
    ['plain', 'plain'],
    ['a=b', 'a=3Db'],
    ['\xe8 \x00\x7f', '=E8 =00=7F'],
    ['one\ntwo\r\n', 'one\r\ntwo\r\n'],
    ['blank \ntab\t', 'blank=20\r\ntab=09'],
    ['bare\rcr', 'bare=0Dcr'],
    ['.\n..x\na.', '=2E\r\n=2E.x\r\na.'],
    ['From here\nFromage From me', '=46rom here\r\nFromage From me'],
    ['', ''],
  ] as const)
    assert.equal(encodeQuotedPrintable(fromLatin1(text)), expected, JSON.stringify(text));
});

test('quoted-printable lines are at most 76 long, escapes are never cut', () => {
  const text = `${'x'.repeat(76)}\n${'x'.repeat(77)}\n${'\xe8'.repeat(100)}\n${'x'.repeat(75)}\xe8\n${'. '.repeat(100)}`;
  const encoded = encodeQuotedPrintable(fromLatin1(text));
  for (const line of encoded.split('\r\n')) {
    assert.ok(line.length <= 76, line);
    assert.ok(!/=(?![0-9A-F]{2}|$)/.test(line), line);
  }
  assert.equal(encoded.split('\r\n')[0], 'x'.repeat(76));
  assert.equal(decode('quoted-printable', encoded), text.replaceAll('\n', '\r\n'));
});
