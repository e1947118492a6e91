import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  asBuffer,
  concatBytes,
  equalBytes,
  fromLatin1,
  fromUtf8,
  hex,
  indexOfBytes,
  isAsciiText,
  latin1,
  lowerAscii,
  sameAscii,
  trimWhite,
  trimWhiteEnd,
  utf8,
} from '../../../src/lib/bytes.ts';

test('Latin-1 keeps every byte', () => {
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  assert.deepEqual(Uint8Array.from(fromLatin1(latin1(all))), all);
  assert.equal(latin1(all, 65, 68), 'ABC');
});

test('asBuffer shares the memory, also of a view into the middle', () => {
  const whole = Uint8Array.of(1, 2, 3, 4);
  const view = asBuffer(whole.subarray(1, 3));
  whole[1] = 9;
  assert.deepEqual([...view], [9, 3]);
});

test('UTF-8 both ways; a lone surrogate is replaced', () => {
  assert.equal(utf8(fromUtf8('perché €')), 'perché €');
  assert.equal(utf8(fromUtf8('\ud800')), '\ufffd');
});

test('only A to Z have case', () => {
  assert.equal(lowerAscii('X-TipoRicevutÀ'), 'x-tiporicevutÀ');
  assert.ok(sameAscii('Message-ID', 'message-id'));
  assert.ok(!sameAscii('à', 'À'));
  assert.ok(isAsciiText('~') && !isAsciiText('\x80'));
});

test('trimWhite leaves halves of UTF-8 characters alone', () => {
  assert.equal(trimWhite(' \t\r\n x \u00a0\r\n'), 'x \u00a0');
  assert.equal(trimWhite('\u0085x'), '\u0085x');
  assert.equal(trimWhite(' \r\n '), '');
  assert.equal(trimWhiteEnd(' x \u00a0 \r\n'), ' x \u00a0');
});

test('bytes are joined, found and compared', () => {
  const joined = concatBytes([fromLatin1('ab'), fromLatin1(''), fromLatin1('cab')]);
  assert.equal(latin1(joined), 'abcab');
  assert.equal(indexOfBytes(joined, fromLatin1('ab')), 0);
  assert.equal(indexOfBytes(joined, fromLatin1('ab'), 1), 3);
  assert.equal(indexOfBytes(joined, fromLatin1('x')), -1);
  assert.equal(hex(fromLatin1('\xff\x00')), 'ff00');
  assert.ok(equalBytes(joined, fromLatin1('abcab')) && !equalBytes(joined, fromLatin1('abcaB')));
});
