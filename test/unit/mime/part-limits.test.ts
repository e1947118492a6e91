import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromLatin1 } from '../../../src/lib/bytes.ts';
import type { MessagePart } from '../../../src/mime/message-part.ts';
import { PartScanner, scanMessage } from '../../../src/mime/part-scanner.ts';
import { isTruncated, walkParts } from '../../../src/mime/part-walk.ts';

/** Scanned whole and in small chunks: always the same. */
function scan(text: string): MessagePart {
  const bytes = fromLatin1(text);
  const whole = scanMessage(bytes);
  const scanner = new PartScanner();
  for (let at = 0; at < bytes.length; at += 7) scanner.push(bytes.subarray(at, at + 7));
  assert.deepEqual(scanner.end(), whole);
  return whole;
}

describe('limits', () => {
  const nested = (depth: number) => {
    const heads = Array.from(
      { length: depth },
      (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`,
    );
    return `${heads.join('')}\r\ninnermost\r\n`;
  };
  const depthOf = (part: MessagePart): number =>
    1 + Math.max(0, ...part.children.map(depthOf), part.message === undefined ? 0 : depthOf(part.message));

  test('parts a thousand deep are read a hundred deep', () => {
    const tree = scan(nested(1000));
    assert.equal(depthOf(tree), 100);
    assert.ok(isTruncated(tree));
    assert.equal([...walkParts(tree)].filter((part) => part.truncated).length, 1);
  });

  test('messages a thousand deep are read a hundred deep', () => {
    const tree = scan('Content-Type: message/rfc822\r\n\r\n'.repeat(1000));
    assert.equal(depthOf(tree), 100);
    assert.ok(isTruncated(tree));
  });

  test('a message within the limits is not truncated', () => {
    const tree = scan(nested(99));
    assert.equal(depthOf(tree), 100);
    assert.ok(!isTruncated(tree));
  });

  test('parts beyond the limit are left out, those after it still end where they end', () => {
    const text = `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(10)}--b--\r\nepilogue`;
    const tree = scanMessage(fromLatin1(text), { parts: 4 });
    assert.equal(tree.children.length, 3);
    assert.ok(tree.truncated);
    assert.ok(tree.children.every((part) => !part.truncated && part.lines === 1));
    assert.equal(tree.bodyEnd, text.length);
  });

  test('whatever an enclosed message holds, the parts after it are seen', () => {
    const flood = (piece: string) => `--c\r\n${piece}\r\nx\r\n`.repeat(10_000);
    for (const piece of ['', 'X: y\r\n'.repeat(12), `X: ${'y'.repeat(1000)}\r\n`]) {
      const enclosed = `Content-Type: multipart/mixed; boundary=c\r\n\r\n${flood(piece)}--c--\r\n`;
      const signed = `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n${enclosed}--b--\r\n`;
      const text = `Content-Type: multipart/signed; boundary=a\r\n\r\n--a\r\n${signed}--a\r\nContent-Type: application/pkcs7-signature\r\n\r\nxyz\r\n--a--\r\n`;
      const tree = scanMessage(fromLatin1(text));
      assert.ok(isTruncated(tree) && !tree.truncated);
      assert.deepEqual(
        tree.children.map(({ subtype, truncated }) => [subtype, truncated]),
        [
          ['mixed', false],
          ['pkcs7-signature', false],
        ],
      );
    }
  });

  test('a header over the limit is cut and its inside left unread', () => {
    const text = `Content-Type: multipart/mixed; boundary=b\r\nX: ${'y'.repeat(200)}\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n`;
    const tree = scanMessage(fromLatin1(text), { headerBytes: 100 });
    assert.ok(tree.truncated);
    assert.deepEqual(tree.children, []);
    assert.equal(tree.bodyStart, text.indexOf('--b'));
    assert.equal(
      tree.fields.map(([, value]) => value.length).reduce((a, b) => a + b),
      100 - 'Content-Type:\r\nX:'.length,
    );
  });

  test('fields over the limit are left out', () => {
    const tree = scanMessage(fromLatin1(`${'A: b\r\n'.repeat(50)}\r\n`), { fields: 10 });
    assert.equal(tree.fields.length, 10);
    assert.ok(tree.truncated);
    assert.equal(tree.bodyStart, 302);
  });

  test('many parts share the room for headers and fields', () => {
    const text = `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\nA: b\r\nC: d\r\n\r\nx\r\n'.repeat(100)}`;
    const byFields = scanMessage(fromLatin1(text), { totalFields: 21 });
    assert.equal(
      [...walkParts(byFields)].reduce((sum, part) => sum + part.fields.length, 0),
      21,
    );
    const byBytes = scanMessage(fromLatin1(text), { totalHeaderBytes: 100 });
    assert.ok(isTruncated(byBytes) && byBytes.children.length === 100);
  });

  test('a line of ten megabytes, in a header and in a body', () => {
    const long = 'x'.repeat(10_000_000);
    const tree = scanMessage(
      fromLatin1(
        `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nA: ${long}\r\n\r\n--${long}\r\n--b--`,
      ),
    );
    const [part] = tree.children;
    assert.ok(part?.truncated);
    assert.equal(part.fields[0]?.[1].length, 256 * 1024 - 'A:'.length);
    assert.deepEqual([part.bodyEnd - part.bodyStart, part.lines], [10_000_002, 1]);
  });

  test('a line longer than any boundary line is none, however it is cut', () => {
    const text = `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b${' '.repeat(2100)}\r\n\r\n--b${' '.repeat(2000)}\r\n\r\nx`;
    assert.equal(scan(text).children.length, 1);
  });

  test('a boundary that no line can hold hides parts, and the tree says so', () => {
    const boundary = 'b'.repeat(1001);
    const text = `Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\n--${boundary}\r\n\r\nx`;
    assert.deepEqual([scan(text).children.length, scan(text).truncated], [0, true]);
    const shorter = text.replaceAll(boundary, boundary.slice(1));
    assert.deepEqual([scan(shorter).children.length, scan(shorter).truncated], [1, false]);
  });
});
