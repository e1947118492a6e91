import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DataScanner } from '../../../src/smtp/data-scanner.ts';

interface Result {
  content: string;
  /** What follows the end of the data; undefined when it never came. */
  rest: string | undefined;
  fault: string | undefined;
}

/** Feeds `text` in pieces of the given sizes (the last repeats). */
function scan(text: string, sizes: readonly number[]): Result {
  const scanner = new DataScanner();
  const bytes = Buffer.from(text, 'latin1');
  let content = '';
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[Math.min(turn, sizes.length - 1)] ?? 1;
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    const scanned = scanner.scan(chunk);
    content += chunk.toString('latin1', 0, scanned.content);
    if (scanned.end !== -1) {
      const rest = bytes.toString('latin1', at + scanned.end);
      return { content: scanner.fault ? '' : content, rest, fault: scanner.fault };
    }
    at += size;
  }
  return { content: scanner.fault ? '' : content, rest: undefined, fault: scanner.fault };
}

/** The same, said in another way: regular expressions over the whole text. */
function specify(text: string): Result {
  const end = /(?:^|\r\n)\.\r\n/.exec(text);
  const strictEnd = /\r\n\.\r\n/.exec(text);
  const startsAtOnce = text.startsWith('.\r\n');
  const data = startsAtOnce ? '' : text.slice(0, strictEnd === null ? text.length : strictEnd.index + 2);
  const fault = faultOf(data, end === null);
  const rest = end === null ? undefined : text.slice(startsAtOnce ? 3 : (strictEnd?.index ?? 0) + 5);
  if (fault !== undefined) return { content: '', rest, fault };
  const content = data.replace(/(^|\r\n)\./g, '$1');
  return { content: end === null ? withoutOpenDot(data, content) : content, rest, fault };
}

/** A CR whose next byte never came is no fault yet, and is content unless it follows a lone dot. */
function withoutOpenDot(data: string, content: string): string {
  return /(?:^|\r\n)\.\r$/.test(data) ? content.slice(0, -1) : content;
}

function faultOf(data: string, open: boolean): string | undefined {
  const match = /\0|(?<!\r)\n|\r(?!\n)/.exec(open ? data.replace(/\r$/, '') : data);
  if (match === null) return undefined;
  // A CR is known to be bare when the byte after it comes.
  const cr = /\r(?!\n)/.exec(open ? data.replace(/\r$/, '') : data);
  const others = /\0|(?<!\r)\n/.exec(data);
  if (cr !== null && (others === null || cr.index + 1 <= others.index))
    return data[cr.index + 1] === '\0' ? 'nul' : 'bare-cr';
  return others?.[0] === '\0' ? 'nul' : 'bare-lf';
}

const cases: [string, string, Partial<Result>][] = [
  ['ends at CRLF.CRLF', 'a\r\n.\r\nQUIT\r\n', { content: 'a\r\n', rest: 'QUIT\r\n' }],
  ['an empty message ends at once', '.\r\nNOOP\r\n', { content: '', rest: 'NOOP\r\n' }],
  [
    'takes the added dot away',
    '..a\r\nb\r\n..\r\n...c\r\n.\r\n',
    { content: '.a\r\nb\r\n.\r\n..c\r\n', rest: '' },
  ],
  [
    'a dot the client forgot to double goes too (RFC 5321 4.5.2)',
    'a\r\n.b\r\n.\r\n',
    { content: 'a\r\nb\r\n' },
  ],
  ['a stuffed dot alone does not end, however it is cut', '..\r\n.\r\n', { content: '.\r\n', rest: '' }],
  ['LF.LF does not end', 'a\n.\nMAIL\r\n.\r\nX', { fault: 'bare-lf', rest: 'X' }],
  ['LF.CRLF does not end', 'a\n.\r\nMAIL\r\n.\r\nX', { fault: 'bare-lf', rest: 'X' }],
  ['CRLF.LF does not end', 'a\r\n.\nMAIL\r\n.\r\nX', { fault: 'bare-lf', rest: 'X' }],
  ['CR.CR does not end', 'a\r.\rMAIL\r\n.\r\nX', { fault: 'bare-cr', rest: 'X' }],
  ['CR.CRLF does not end', 'a\r.\r\nMAIL\r\n.\r\nX', { fault: 'bare-cr', rest: 'X' }],
  ['CRLF.CR does not end', 'a\r\n.\rMAIL\r\n.\r\nX', { fault: 'bare-cr', rest: 'X' }],
  ['CRLF.CRCRLF does not end', 'a\r\n.\r\r\nMAIL\r\n.\r\nX', { fault: 'bare-cr', rest: 'X' }],
  ['CRCRLF.CRLF is refused and ends', 'a\r\r\n.\r\nX', { fault: 'bare-cr', rest: 'X' }],
  ['a NUL is refused', 'a\0b\r\n.\r\nX', { fault: 'nul', rest: 'X' }],
  ['CRLF NUL .CRLF does not end', 'a\r\n\0.\r\nMAIL\r\n.\r\nX', { fault: 'nul', rest: 'X' }],
  ['no end, no rest', 'a\r\n.', { content: 'a\r\n', rest: undefined }],
];

for (const [name, text, expected] of cases)
  test(name, () => {
    for (const size of [1, 2, 3, 4, 5, 7, 1000]) {
      const result = scan(text, [size]);
      assert.partialDeepStrictEqual(result, expected, `in pieces of ${size}`);
    }
  });

const dangerous = fc
  .array(fc.constantFrom('\r\n', '\r', '\n', '.', '.', '\0', 'a', 'MAIL FROM:<>', '\r\n.\r\n'), {
    maxLength: 14,
  })
  .map((pieces) => pieces.join(''));

test('whatever comes and however it is cut, it is what the specification says', () => {
  fc.assert(
    fc.property(
      dangerous,
      fc.array(fc.integer({ min: 1, max: 16 }), { minLength: 1, maxLength: 9 }),
      (text, sizes) => {
        assert.deepEqual(scan(text, sizes), specify(text));
      },
    ),
    { numRuns: 3000 },
  );
});

test('a client that ends lines in LF alone and now waits is noticed', () => {
  const scanner = new DataScanner();
  scanner.scan(Buffer.from('a\nb\n'));
  assert.equal(scanner.restsAfterLooseEnd, false);
  scanner.scan(Buffer.from('.\n'));
  assert.equal(scanner.restsAfterLooseEnd, true);
  scanner.scan(Buffer.from('MAIL'));
  assert.equal(scanner.restsAfterLooseEnd, false);
});
