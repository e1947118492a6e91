import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatBodyStructure, joinContinuations } from '../../../../src/imap/message/body-structure.ts';
import { formatEnvelope } from '../../../../src/imap/message/envelope.ts';
import { scanMessage } from '../../../../src/mime/part-scanner.ts';

const scan = (...lines: string[]) => scanMessage(Buffer.from(lines.join('\r\n'), 'latin1'));
const structure = (...lines: string[]) => formatBodyStructure(scan(...lines), true);

describe('BODYSTRUCTURE', () => {
  it('joins continued parameters and keeps charsets (RFC 2231 §7)', () => {
    const parameter = (name: string, value: string) => ({ name, value });
    assert.deepEqual(
      joinContinuations([
        parameter('charset', 'utf-8'),
        parameter('name*1', 'due'),
        parameter('name*0', 'uno '),
        parameter('file*0*', "utf-8''a%20"),
        parameter('file*1', 'b %'),
        parameter('title*', "utf-8''x"),
      ]),
      [
        parameter('charset', 'utf-8'),
        parameter('name', 'uno due'),
        parameter('file*', "utf-8''a%20b%20%25"),
        parameter('title*', "utf-8''x"),
      ],
    );
  });

  it('gives an empty multipart the part the grammar wants', () => {
    assert.equal(
      structure('Content-Type: multipart/mixed; boundary=x', '', 'no part here'),
      '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0) "mixed" ("boundary" "x") NIL NIL NIL)',
    );
  });

  it('gives an enclosed message that cannot be read an envelope of nothing', () => {
    assert.equal(
      structure(
        'Content-Type: message/rfc822',
        'Content-Transfer-Encoding: base64',
        '',
        'U3ViamVjdDogeAo=',
        '',
      ),
      '("message" "rfc822" NIL NIL NIL "base64" 18 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) ' +
        '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0) 1 NIL NIL NIL NIL)',
    );
  });

  it('tells all extension data', () => {
    assert.equal(
      structure(
        'Content-Type: application/pdf; name=a.pdf',
        'Content-ID: <1@x>',
        'Content-Description: =?utf-8?q?d?=',
        'Content-MD5: Q2hlY2s=',
        'Content-Disposition: ATTACHMENT; filename="a \\"b\\".pdf"',
        'Content-Language: it, en-GB',
        'Content-Location: http://x/',
        '',
        'x',
      ),
      '("application" "pdf" ("name" "a.pdf") "<1@x>" "=?utf-8?q?d?=" "7bit" 1 "Q2hlY2s=" ' +
        '("attachment" ("filename" "a \\"b\\".pdf")) ("it" "en-GB") "http://x/")',
    );
  });

  it('never lets a header break the line', () => {
    const hostile = structure('Content-Type: text/plain; name="a\rb"', 'Content-ID: x\0y', '', '');
    assert.doesNotMatch(hostile.replace(/\{\d+\}\r\n/g, ''), /[\r\n\0]/);
  });
});

describe('ENVELOPE', () => {
  const envelope = (...lines: string[]) => formatEnvelope(scan(...lines, '', '').fields);

  it('fills Sender and Reply-To in from From', () => {
    const from = '((NIL NIL "a" "x.it"))';
    assert.equal(
      envelope('From: a@x.it', 'Reply-To: ', 'Sender: b@x.it'),
      `(NIL NIL ${from} ((NIL NIL "b" "x.it")) ${from} NIL NIL NIL NIL NIL)`,
    );
  });

  it('writes 8-bit and very long values as literals', () => {
    assert.match(envelope('Subject: perch\xe9'), /^\(NIL \{6\}\r\nperch\xe9 /);
    assert.match(envelope(`Subject: ${'x'.repeat(2000)}`), /^\(NIL \{2000\}\r\nx/);
  });

  it('keeps empty groups', () => {
    assert.match(
      envelope('To: a: b@x.it;, c:;'),
      /\(\(NIL NIL "a" NIL\)\(NIL NIL "b" "x.it"\)\(NIL NIL NIL NIL\)\(NIL NIL "c" NIL\)\(NIL NIL NIL NIL\)\)/,
    );
  });
});
