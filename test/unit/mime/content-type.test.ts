import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  fileNameOf,
  parseContentDisposition,
  parseContentType,
  parseTransferEncoding,
} from '../../../src/mime/content-type.ts';
import { scanMessage } from '../../../src/mime/part-scanner.ts';

describe('parseContentType', () => {
  const cases: readonly [value: string, type: string, parameters: Readonly<Record<string, string>>][] = [
    [' text/plain', 'text/plain', {}],
    ['TEXT/HTML; Charset=UTF-8', 'text/html', { charset: 'UTF-8' }],
    ['text/plain; charset=us-ascii (Plain text)', 'text/plain', { charset: 'us-ascii' }],
    ['text/plain; charset="us-ascii"', 'text/plain', { charset: 'us-ascii' }],
    ['text (a) / (b) plain (c); (d) charset (e) = x', 'text/plain', { charset: 'x' }],
    [
      'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; \r\n\tboundary="----=_Part_1.2"',
      'multipart/signed',
      { protocol: 'application/pkcs7-signature', micalg: 'sha-256', boundary: '----=_Part_1.2' },
    ],
    ['multipart/mixed; boundary="a;b\\"c"; x=y', 'multipart/mixed', { boundary: 'a;b"c', x: 'y' }],
    ['application/pdf; name=my file (1).pdf; x=y', 'application/pdf', { name: 'my file (1).pdf', x: 'y' }],
    ['application/pdf; name="never closed; x=y', 'application/pdf', { name: 'never closed; x=y' }],
    ['text/plain;;; charset=x;', 'text/plain', { charset: 'x' }],
    ['text/plain; charset', 'text/plain', {}],
    ['text/plain; =x; charset=y', 'text/plain', { charset: 'y' }],
    ['text/plain; charset=; x=y', 'text/plain', { charset: '', x: 'y' }],
    ['text/plain; charset=a; charset=b', 'text/plain', { charset: 'a' }],
    ['text/plain; charset="a"garbage; x=y', 'text/plain', { charset: 'a', x: 'y' }],
    ['multipart/mixed ((; boundary=x', 'multipart/mixed', { boundary: 'x' }],
    ['text/plain garbage; charset=x', 'text/plain', { charset: 'x' }],
    // RFC 2231 §3, §4, §4.1
    [
      'message/external-body; URL*0="ftp://"; URL*1="cs.utk.edu/pub/moore/x.tar"',
      'message/external-body',
      { url: 'ftp://cs.utk.edu/pub/moore/x.tar' },
    ],
    [
      "application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
      'application/x-stuff',
      { title: 'This is ***fun***' },
    ],
    [
      `application/x-stuff; title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*0*=us-ascii'en'This%20is%20even%20more%20; title*2="isn't it!"`,
      'application/x-stuff',
      { title: "This is even more ***fun*** isn't it!" },
    ],
    ["x/y; name*0*=utf-8''Citt%C3; name*1*=%A0", 'x/y', { name: 'Città' }],
    ["x/y; name=old; name*=utf-8''Citt%C3%A0", 'x/y', { name: 'Città' }],
    ["x/y; name*=iso-8859-1''Citt%E0", 'x/y', { name: 'Città' }],
    ['x/y; name*=no%20charset', 'x/y', { name: 'no charset' }],
    ["x/y; name*=utf-8''%zz%4", 'x/y', { name: '%zz%4' }],
    ['x/y; name*1=gap; name*3=x', 'x/y', {}],
    ['x/y; name*0=a; name*2=c', 'x/y', { name: 'a' }],
    // raw 8 bit, as UTF-8 or as Latin-1
    ['x/y; name="Citt\xc3\xa0"', 'x/y', { name: 'Città' }],
    ['x/y; name="Citt\xe0"', 'x/y', { name: 'Città' }],
  ];
  for (const [value, type, parameters] of cases)
    test(JSON.stringify(value), () => {
      const parsed = parseContentType(value);
      assert.deepEqual([`${parsed?.type}/${parsed?.subtype}`, parsed?.parameters], [type, parameters]);
    });

  test('no type/subtype, no content type', () => {
    for (const value of ['', 'text', '/plain', 'text/', '; charset=x', '"text"/plain', '(comment)'])
      assert.equal(parseContentType(value), undefined, value);
  });

  test('a parameter cannot reach the prototype', () => {
    const parameters = parseContentType('x/y; __proto__=z; constructor=c')?.parameters ?? {};
    assert.equal(Object.getPrototypeOf(parameters), Object.prototype);
    assert.deepEqual(Object.entries(parameters), [
      ['__proto__', 'z'],
      ['constructor', 'c'],
    ]);
  });
});

test('content dispositions', () => {
  assert.deepEqual(parseContentDisposition(' Attachment; FileName="a b.pdf"; size=3'), {
    type: 'attachment',
    parameters: { filename: 'a b.pdf', size: '3' },
  });
  assert.deepEqual(parseContentDisposition('inline'), { type: 'inline', parameters: {} });
  assert.deepEqual(parseContentDisposition('filename="x.exe"'), {
    type: 'attachment',
    parameters: { filename: 'x.exe' },
  });
  assert.deepEqual(parseContentDisposition('; filename=x.exe'), {
    type: 'attachment',
    parameters: { filename: 'x.exe' },
  });
  assert.equal(parseContentDisposition(' '), undefined);
});

test('transfer encodings', () => {
  for (const [value, token] of [
    [undefined, '7bit'],
    ['', '7bit'],
    [' Base64 ', 'base64'],
    ['"quoted-printable"', 'quoted-printable'],
    ['8bit; x', '8bit'],
    ['(c) binary', 'binary'],
    ['7bit\r\n\t', '7bit'],
  ] as const)
    assert.equal(parseTransferEncoding(value), token);
});

test('the file name of a part: filename, then name, encoded words decoded', () => {
  const nameOf = (header: string) => fileNameOf(scanMessage(Buffer.from(`${header}\r\n\r\n`, 'latin1')));
  assert.equal(
    nameOf('Content-Type: x/y; name=a.exe\r\nContent-Disposition: inline; filename=b.txt'),
    'b.txt',
  );
  assert.equal(nameOf('Content-Type: x/y; name=a.exe\r\nContent-Disposition: inline'), 'a.exe');
  assert.equal(nameOf('Content-Type: x/y; name="=?utf-8?Q?perch=C3=A9?= =?utf-8?Q?.exe?="'), 'perché.exe');
  assert.equal(nameOf('Content-Type: x/y'), undefined);
});
