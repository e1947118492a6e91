import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromLatin1 } from '../../../src/lib/bytes.ts';
import { scanMessage } from '../../../src/mime/part-scanner.ts';
import { isTruncated, walkParts } from '../../../src/mime/part-walk.ts';

const text = [
  'Content-Type: multipart/mixed; boundary=o',
  '',
  '--o',
  'Content-Type: message/rfc822',
  '',
  'Content-Type: multipart/alternative; boundary=i',
  '',
  '--i',
  '',
  'one',
  '--i',
  'Content-Type: text/html',
  '',
  'two',
  '--i--',
  '--o',
  'Content-Type: image/png',
  '',
  '--o--',
].join('\r\n');

test('the walk goes outer before inner, in message order, into enclosed messages', () => {
  const types = [...walkParts(scanMessage(fromLatin1(text)))].map((part) => `${part.type}/${part.subtype}`);
  assert.deepEqual(types, [
    'multipart/mixed',
    'message/rfc822',
    'multipart/alternative',
    'text/plain',
    'text/html',
    'image/png',
  ]);
});

test('a part left unread anywhere makes the tree truncated', () => {
  assert.equal(isTruncated(scanMessage(fromLatin1(text))), false);
  assert.equal(isTruncated(scanMessage(fromLatin1(text), { depth: 3 })), true);
});
