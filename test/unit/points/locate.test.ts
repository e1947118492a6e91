import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromLatin1 } from '../../../src/lib/bytes.ts';
import { locate } from '../../../src/points/locate.ts';

const head = fromLatin1('Subject: x\r\n\r\n');
const blob = { blob: 'b1', offset: 14, length: 1000 };

test('an original of inline bytes is found in the joined bytes around it', () => {
  const whole = [fromLatin1(`before${'Subject: x\r\n\r\nbody'}after`)];
  assert.deepEqual(locate(whole, [head, fromLatin1('body')]), { start: 6, end: 24 });
});

test('an original in a blob is found by its range, its own head before it', () => {
  const whole = [fromLatin1('beforeSubject: x\r\n\r\n'), blob, fromLatin1('after')];
  assert.deepEqual(locate(whole, [head, blob]), { start: 6, end: 6 + 14 + 1000 });
});

test('a message that does not hold the original is refused', () => {
  assert.throws(() => locate([fromLatin1('something else')], [head]), /unchanged/);
  assert.throws(() => locate([{ ...blob, offset: 15 }], [head, blob]), /unchanged/);
});
