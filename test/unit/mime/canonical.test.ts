import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromLatin1 } from '../../../src/lib/bytes.ts';
import { LineGate } from '../../../src/mime/canonical.ts';

function gate(...chunks: readonly string[]): LineGate {
  const lines = new LineGate();
  for (const chunk of chunks) lines.push(fromLatin1(chunk));
  lines.end();
  return lines;
}

test('CR and LF together are no problem, also when a chunk parts them', () => {
  assert.equal(gate('a\r\nb\r\n\r\n').problem, undefined);
  assert.equal(gate('a\r', '\nb\r', '', '\n').problem, undefined);
  assert.equal(gate('').problem, undefined);
});

test('the first problem is told with its place', () => {
  for (const [chunks, kind, offset] of [
    [['a\nb\r\n'], 'bare-lf', 1],
    [['\n'], 'bare-lf', 0],
    [['a\r\n\n'], 'bare-lf', 3],
    [['a\rb\r\n'], 'bare-cr', 1],
    [['a\r\r\n'], 'bare-cr', 1],
    [['a\r'], 'bare-cr', 1],
    [['a\r', 'b'], 'bare-cr', 1],
    [['a\r', '\r', '\n'], 'bare-cr', 1],
    [['\r\n', '\n.\r\n'], 'bare-lf', 2],
    [['a\0b\n'], 'nul', 1],
    [['a\n\0'], 'bare-lf', 1],
    [['\r\0'], 'bare-cr', 0],
  ] as const) {
    const { problem } = gate(...chunks);
    assert.deepEqual([problem?.kind, problem?.offset], [kind, offset], JSON.stringify(chunks));
  }
});

test('push tells at once what is already certain', () => {
  const lines = new LineGate();
  assert.equal(lines.push(fromLatin1('a\r')), undefined);
  assert.deepEqual(lines.push(fromLatin1('b\n')), { kind: 'bare-cr', offset: 1 });
  assert.deepEqual(lines.end(), { kind: 'bare-cr', offset: 1 });
});

test('8-bit bytes, the size and the longest line are noted on the way', () => {
  assert.ok(!gate('abc\r\n').eightBit);
  assert.ok(gate('abc', '\x80').eightBit);
  assert.equal(gate('ab\r\n', 'abc').size, 7);
  assert.equal(gate('ab\r\nabcd', 'e\r', '\nabc\r\n').longestLine, 5);
  assert.equal(gate('ab\r\nabcdef').longestLine, 6);
});
