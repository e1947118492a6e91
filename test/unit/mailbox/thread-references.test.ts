import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readThreadReferences } from '../../../src/mailbox/thread-references.ts';
import { scanMessage } from '../../../src/mime/part-scanner.ts';

const read = (lines: readonly string[]) => readThreadReferences(scanMessage(Buffer.from(lines.join('\r\n'))));

test('the own id stands first, then the nearest ancestor, then the others up to the root', () => {
  const found = read([
    'References: <radice@x> <nonno@x>',
    ' <padre@x>',
    'In-Reply-To: your message of today <padre@x>',
    'message-id: <io@x>',
    '',
    '',
  ]);
  assert.deepEqual(found, ['io@x', 'padre@x', 'nonno@x', 'radice@x']);
});

const enclosing = (field: string) => [
  'Message-ID: <busta@gestore>',
  field,
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'Content-Type: message/rfc822',
  '',
  'Message-ID: <lettera@x>',
  'In-Reply-To: <domanda@x>',
  '',
  '--b--',
  '',
];

test('an envelope belongs to what it carries, a receipt to what it is about', () => {
  const envelope = read(enclosing('X-Trasporto: posta-certificata'));
  assert.deepEqual(envelope, ['busta@gestore', 'lettera@x', 'domanda@x']);
  const receipt = read([
    'Message-ID: <r@g>',
    'X-Ricevuta: accettazione',
    'X-Riferimento-Message-ID: <l@x>',
    '',
    '',
  ]);
  assert.deepEqual(receipt, ['r@g', 'l@x']);
});

test('a letter that somebody passes on is not the same letter', () => {
  assert.deepEqual(read(enclosing('X-Altro: 1')), ['busta@gestore']);
});

test('a long chain keeps its root and its nearest ancestors', () => {
  const ids = Array.from({ length: 3000 }, (_, index) => `<${index}@x>`);
  const found = read([`References: ${ids.join(' ')}`, '', '']);
  assert.equal(found.length, 50);
  assert.equal(found[0], '2999@x');
  assert.equal(found.at(-1), '0@x');
});
