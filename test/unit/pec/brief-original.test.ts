import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { sliceSegments } from '../../../src/lib/segments.ts';
import { fileNameOf } from '../../../src/mime/content-type.ts';
import { scanMessage } from '../../../src/mime/part-scanner.ts';
import { buildBriefOriginal, planBriefOriginal } from '../../../src/pec/brief-original.ts';
import { join, lines } from './sample.ts';

const sha1 = (bytes: Uint8Array | string) => createHash('sha1').update(bytes).digest('hex');

/** The brief form of a message, as text. */
function shorten(message: Buffer): string {
  const plan = planBriefOriginal(scanMessage(message));
  const hashes = plan.ranges.map(({ start, end }) => sha1(join(sliceSegments([message], start, end))));
  return join(buildBriefOriginal([message], plan, hashes)).toString('latin1');
}

const part = (...text: string[]) => lines('--x', ...text).toString('latin1');

function multipart(subtype: string, ...parts: string[]): Buffer {
  const head = lines('Subject: x', `Content-Type: multipart/${subtype}; boundary=x`, '');
  return Buffer.from(`${head.toString('latin1')}${parts.join('')}--x--\r\n`, 'latin1');
}

const pdf = part(
  'Content-Type: application/pdf; name=a.pdf',
  'Content-Transfer-Encoding: base64',
  '',
  'QUJD',
  'REVG',
);
const hashed = (name: string, content: string, disposition = 'attachment') =>
  part(
    'Content-Type: text/plain;',
    ` name="${name}.hash"`,
    'Content-Transfer-Encoding: 7bit',
    `Content-Disposition: ${disposition};`,
    ` filename="${name}.hash"`,
    '',
    sha1(content),
  );
const text = part('Content-Type: text/plain', '', 'testo');

interface Case {
  readonly name: string;
  readonly message: Buffer;
  readonly expected: Buffer;
}

const enclosed = ['From: a@b.it', 'Content-Type: application/pdf; name=b.pdf', '', 'inner'];

const cases: Case[] = [
  {
    name: 'a name in Content-Type; the hash is of the encoded content without the last line end',
    message: multipart('mixed', text, pdf),
    expected: multipart('mixed', text, hashed('a.pdf', 'QUJD\r\nREVG')),
  },
  {
    name: 'a filename in Content-Disposition, of a text',
    message: multipart(
      'mixed',
      part('Content-Type: text/csv', 'Content-Disposition: attachment; filename="b.csv"', '', 'a,b'),
    ),
    expected: multipart('mixed', hashed('b.csv', 'a,b')),
  },
  {
    name: 'inline stays inline, other fields stay',
    message: multipart(
      'related',
      part(
        'Content-ID: <c>',
        'Content-Type: image/png',
        'Content-Disposition: inline; filename=c.png',
        '',
        'x',
      ),
    ),
    expected: multipart(
      'related',
      hashed('c.png', 'x', 'inline').replace('--x\r\n', '--x\r\nContent-ID: <c>\r\n'),
    ),
  },
  {
    name: 'an attached message as a whole, without looking inside',
    message: multipart('mixed', part('Content-Type: message/rfc822', '', ...enclosed)),
    expected: multipart('mixed', hashed('messaggio.eml', enclosed.join('\r\n'))),
  },
  {
    name: 'multipart/signed: inside its first part, never its signature',
    message: multipart(
      'signed; protocol="application/pkcs7-signature"',
      pdf,
      part('Content-Type: application/pkcs7-signature; name=smime.p7s', '', 'QUJD'),
    ),
    expected: multipart(
      'signed; protocol="application/pkcs7-signature"',
      hashed('a.pdf', 'QUJD\r\nREVG'),
      part('Content-Type: application/pkcs7-signature; name=smime.p7s', '', 'QUJD'),
    ),
  },
  {
    name: 'a CMS object inside a multipart is a file like others',
    message: multipart('mixed', part('Content-Type: application/pkcs7-mime; name=a.xml.p7m', '', 'QUJD')),
    expected: multipart('mixed', hashed('a.xml.p7m', 'QUJD')),
  },
  {
    name: 'an empty file',
    message: multipart('mixed', part('Content-Type: application/pdf; name=a.pdf', '', ''), text),
    expected: multipart('mixed', hashed('a.pdf', ''), text),
  },
  {
    name: 'an empty file right before the boundary',
    message: multipart('mixed', part('Content-Type: application/pdf; name=a.pdf', ''), text),
    expected: multipart('mixed', hashed('a.pdf', ''), text),
  },
];

for (const { name, message, expected } of cases) {
  test(`brief: ${name}`, () => {
    assert.equal(shorten(message), expected.toString('latin1'));
  });
}

for (const subtype of ['pkcs7-mime', 'x-pkcs7-mime']) {
  test(`brief: a message that is application/${subtype} stays whole`, () => {
    const message = lines(`Content-Type: application/${subtype}; name=smime.p7m`, '', 'QUJD');
    assert.equal(shorten(message), message.toString('latin1'));
  });
}

test('brief: a message without files stays as it is', () => {
  const message = multipart('mixed', text, part('Content-Type: text/html', '', '<p>'));
  assert.equal(shorten(message), message.toString('latin1'));
});

test('brief: a message that is one file keeps its own header fields', () => {
  const message = lines('Subject: x', 'Content-Type: application/pdf; name=a.pdf', 'X-Y: z', '', 'QUJD');
  const expected = lines(
    'Subject: x',
    'X-Y: z',
    'Content-Type: text/plain;',
    ' name="a.pdf.hash"',
    'Content-Transfer-Encoding: 7bit',
    'Content-Disposition: attachment;',
    ' filename="a.pdf.hash"',
    '',
    sha1('QUJD\r\n'),
  );
  assert.equal(shorten(message), expected.toString('latin1'));
});

const names = [
  'perché no.pdf',
  'a "b" \\c.pdf',
  `${'molto '.repeat(30)}lungo.pdf`,
  '請求書.pdf',
  'a\u0001b\u202e.pdf',
];

for (const name of names) {
  test(`brief: the name ${JSON.stringify(name.slice(0, 20))} is read back with .hash behind it`, () => {
    const star = encodeURIComponent(name).replace(/'/g, '%27');
    const message = multipart('mixed', part(`Content-Type: application/pdf; name*=utf-8''${star}`, '', 'x'));
    const brief = Buffer.from(shorten(message), 'latin1');
    const [file] = scanMessage(brief).children;
    assert.ok(file !== undefined);
    assert.equal(fileNameOf(file), `${name.replace('\u0001', '')}.hash`);
    assert.ok(
      brief
        .toString('latin1')
        .split('\r\n')
        .every((line) => line.length <= 78),
    );
  });
}

test('the plan counts from the original, also when its tree is part of another', () => {
  const original = multipart('mixed', pdf);
  const outer = Buffer.concat([lines('Content-Type: message/rfc822', ''), original]);
  const inner = scanMessage(outer).message;
  assert.ok(inner !== undefined);
  assert.deepEqual(planBriefOriginal(inner), planBriefOriginal(scanMessage(original)));
});

test('one hash for each range', () => {
  const message = multipart('mixed', pdf);
  const plan = planBriefOriginal(scanMessage(message));
  assert.throws(() => buildBriefOriginal([message], plan, []), RangeError);
});
