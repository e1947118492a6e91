import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { scanMessage } from '../../../src/mime/part-scanner.ts';
import {
  ContentInspector,
  defaultForbiddenExtensions as extensions,
  findPartsToInspect,
  newAllowance,
} from '../../../src/pec/attachment-rules.ts';
import { lines } from './sample.ts';

const megabyte = 1024 * 1024;
const withProgram = lines(
  'X-Nota: comincia con un campo che nessuno conosce',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'Content-Type: application/octet-stream; name="programma.exe"',
  'Content-Transfer-Encoding: base64',
  '',
  'bmllbnRl',
  '--b--',
);

test('content that cannot hold files is settled by its first bytes', () => {
  const inspector = new ContentInspector('foto.jpg', extensions);
  inspector.push(Buffer.alloc(100, 0xff));
  assert.equal(inspector.settled, false);
  inspector.push(Buffer.alloc(megabyte, 0xff));
  assert.equal(inspector.settled, true);
  assert.deepEqual(inspector.end(), { forbidden: [], encrypted: [], macros: [], unread: false });
});

test('a program is known by its first bytes however long it is', () => {
  const inspector = new ContentInspector('foto.jpg', extensions);
  inspector.push(Buffer.concat([Buffer.from('MZ'), Buffer.alloc(megabyte)]));
  assert.deepEqual(inspector.end().forbidden, ['foto.jpg']);
});

test('an archive of a kind whose names stand everywhere is settled once it is too big', () => {
  const inspector = new ContentInspector('a.gz', extensions);
  inspector.push(gzipSync(Buffer.from('testo')));
  for (let i = 0; i < 16; i++) inspector.push(Buffer.alloc(megabyte));
  assert.equal(inspector.settled, true);
  assert.equal(inspector.end().unread, true);
});

test('an encoded message is one however it begins', () => {
  const encoded = withProgram.toString('base64').replace(/.{76}/g, '$&\r\n');
  const [part] = findPartsToInspect(
    scanMessage(
      lines(
        'Content-Type: message/rfc822; name=postacert.eml',
        'Content-Transfer-Encoding: base64',
        '',
        encoded,
      ),
    ),
  );
  assert.equal(part?.isMessage, true);
  const inspector = new ContentInspector('postacert.eml', extensions, { isMessage: true });
  inspector.push(withProgram);
  assert.deepEqual(inspector.end().forbidden, ['postacert.eml/programma.exe']);
});

test('of a message that is too big the names are read all the same', () => {
  const inspector = new ContentInspector('postacert.eml', extensions);
  inspector.push(
    lines('From: a@b.test', 'Content-Type: multipart/mixed; boundary=b', '', '--b', '', 'testo'),
  );
  for (let i = 0; i < 20; i++) inspector.push(lines('x'.repeat(megabyte)));
  inspector.push(
    lines('--b', 'Content-Disposition: attachment; filename=programma.exe', '', 'niente', '--b--'),
  );
  assert.deepEqual(inspector.end(), {
    forbidden: ['postacert.eml/programma.exe'],
    encrypted: [],
    macros: [],
    unread: true,
  });
});

test('attachments of one message share what may be unpacked', () => {
  const allowance = newAllowance();
  const zeros = gzipSync(Buffer.alloc(40 * megabyte), { level: 1 });
  const reports = ['a.gz', 'b.gz'].map((name) => {
    const inspector = new ContentInspector(name, extensions, { allowance });
    inspector.push(zeros);
    return inspector.end();
  });
  assert.deepEqual(
    reports.map(({ unread }) => unread),
    [false, true],
  );
});
