import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHeaderBlock } from '../../../src/mime/header.ts';
import { readOriginal, rewriteOriginalHead } from '../../../src/pec/original-message.ts';
import { lines } from './sample.ts';

const id = 'pec.1@alfa.test';

interface Case {
  readonly name: string;
  readonly head: Buffer;
  readonly expected: Buffer;
  readonly msgid: string | undefined;
}

const cases: Case[] = [
  {
    name: 'in place, reference last',
    head: lines('From: a@b.it', 'Message-ID: <m@pc>', 'Subject: x', ''),
    expected: lines(
      'From: a@b.it',
      'Message-ID: <pec.1@alfa.test>',
      'Subject: x',
      'X-Riferimento-Message-ID: <m@pc>',
      '',
    ),
    msgid: '<m@pc>',
  },
  {
    name: 'the name as the client wrote it, a folded value',
    head: lines('MESSAGE-Id:', '\t<m@pc>', 'From: a@b.it', ''),
    expected: lines('MESSAGE-Id: <pec.1@alfa.test>', 'From: a@b.it', 'X-Riferimento-Message-ID: <m@pc>', ''),
    msgid: '<m@pc>',
  },
  {
    name: 'none: the identifier is added, no reference',
    head: lines('From: a@b.it', ''),
    expected: lines('From: a@b.it', 'Message-ID: <pec.1@alfa.test>', ''),
    msgid: undefined,
  },
  {
    name: 'an empty one counts as none',
    head: lines('Message-ID: ', 'From: a@b.it', ''),
    expected: lines('Message-ID: <pec.1@alfa.test>', 'From: a@b.it', ''),
    msgid: undefined,
  },
  {
    name: 'two of them: both get the identifier, the first is the reference',
    head: lines('Message-ID: <m@pc>', 'Message-ID: <n@pc>', ''),
    expected: lines(
      'Message-ID: <pec.1@alfa.test>',
      'Message-ID: <pec.1@alfa.test>',
      'X-Riferimento-Message-ID: <m@pc>',
      '',
    ),
    msgid: '<m@pc>',
  },
  {
    name: 'odd folding, empty fields, 8-bit bytes and lines that are no field stay',
    head: lines(
      'To:  A\xe0 <a@b.it>,',
      ' \t',
      '\tb@c.it',
      'Cc:',
      'no field at all',
      'X : y',
      'Message-ID:m',
      '',
    ),
    expected: lines(
      'To:  A\xe0 <a@b.it>,',
      ' \t',
      '\tb@c.it',
      'Cc:',
      'no field at all',
      'X : y',
      'Message-ID: <pec.1@alfa.test>',
      'X-Riferimento-Message-ID: m',
      '',
    ),
    msgid: 'm',
  },
  {
    name: 'a header without blank line and without last line end',
    head: Buffer.from('From: a@b.it\r\nMessage-ID: <m@pc>\r\nSubject: x'),
    expected: lines(
      'From: a@b.it',
      'Message-ID: <pec.1@alfa.test>',
      'Subject: x',
      'X-Riferimento-Message-ID: <m@pc>',
      '',
    ),
    msgid: '<m@pc>',
  },
  {
    name: 'no header at all',
    head: lines(''),
    expected: lines('Message-ID: <pec.1@alfa.test>', ''),
    msgid: undefined,
  },
];

for (const { name, head, expected, msgid } of cases) {
  test(`identifiers: ${name}`, () => {
    const rewritten = rewriteOriginalHead(head, id);
    assert.equal(Buffer.from(rewritten.head).toString('latin1'), expected.toString('latin1'));
    assert.equal(rewritten.msgid, msgid);
  });
}

test('a Message-ID with 8-bit bytes: its text, and a reference in ASCII', () => {
  const { head, msgid } = rewriteOriginalHead(lines('Message-ID: <\xc3\xa8@pc>', ''), id);
  assert.equal(msgid, '<è@pc>');
  assert.ok(Buffer.from(head).every((byte) => byte < 0x80));
});

test('what the access point reads', () => {
  const header = parseHeaderBlock(
    lines(
      'From: a@b.it',
      'To: Anna <anna@y.it>, Gruppo: b@y.it, c@y.it;',
      'Cc: =?utf-8?Q?Citt=C3=A0?= <citta@y.it>',
      'Cc: d@y.it',
      'Reply-To: =?utf-8?Q?Citt=C3=A0?= <r@b.it>',
      'Subject: =?utf-8?B?4oKs?= e',
      ' altro',
      'X-Tiporicevuta: Breve',
      'Message-ID: <m@pc>',
      '',
    ),
  );
  assert.deepEqual(readOriginal(header), {
    msgid: '<m@pc>',
    subject: '€ e altro',
    replyTo: 'Città <r@b.it>',
    receiptKind: 'breve',
    to: ['anna@y.it', 'b@y.it', 'c@y.it'],
    cc: ['citta@y.it', 'd@y.it'],
  });
});

test('an empty header reads as nothing', () => {
  assert.deepEqual(readOriginal(parseHeaderBlock(lines('Reply-To:  ', ''))), {
    msgid: undefined,
    subject: '',
    replyTo: undefined,
    receiptKind: 'completa',
    to: [],
    cc: [],
  });
});
