import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readPathCommand } from '../../../src/smtp/path-command.ts';

const good: [string, string, object | false][] = [
  ['MAIL FROM:<a@b.it>', 'a@b.it', false],
  ['mail from:<>', '', false],
  ['MAIL FROM: <a@b.it>', 'a@b.it', false],
  ['MAIL FROM:<a@b.it> SIZE=1000 BODY=8BITMIME', 'a@b.it', { SIZE: '1000', BODY: '8BITMIME' }],
  ['MAIL FROM:<a@b.it> auth=<> x', 'a@b.it', { AUTH: '<>', X: true }],
  ['MAIL FROM:<@one.it,@two.it:a@b.it>', 'a@b.it', false],
  ['MAIL FROM:<"a b>\\"c@d"@b.it>', '"a b>\\"c@d"@b.it', false],
  ['MAIL FROM:<a@xn--caff-8oa.it>', 'a@xn--caff-8oa.it', false],
  ['MAIL FROM:<a@b.it> __PROTO__=x', 'a@b.it', { __PROTO__: 'x' }],
];
for (const [line, address, args] of good)
  test(`reads ${line}`, () => {
    // An underscore is no letter of an ESMTP keyword.
    if (line.includes('__')) assert.equal(readPathCommand('MAIL FROM', line), undefined);
    else {
      const read = readPathCommand('MAIL FROM', line);
      assert.equal(read?.address, address);
      assert.deepEqual({ ...(read?.args || {}) }, { ...(args || {}) });
    }
  });

for (const line of [
  'MAIL FROM:a@b.it',
  'MAIL FROM:<a@b.it',
  'MAIL FROM:a@b.it>',
  'MAIL FROM:<<a@b.it>>',
  'MAIL FROM:<a@b.it>SIZE=1',
  'MAIL FROM:<a@b.it> SIZE=',
  'MAIL FROM:<a@b.it>\tSIZE=1',
  'MAIL FROM:<"a@b.it>',
  'MAIL FROM',
  'MAIL FROMAGE:<a@b.it>',
  'RCPT TO:<a@b.it>',
  'MAIL FROM:<a@b.it> X=caff\xe8',
])
  test(`refuses ${JSON.stringify(line)}`, () => assert.equal(readPathCommand('MAIL FROM', line), undefined));

test('names a parameter that comes twice', () => {
  assert.equal(readPathCommand('MAIL FROM', 'MAIL FROM:<a@b.it> SIZE=1 size=2')?.duplicate, 'SIZE');
});

test('never throws, and an address never holds what would end a command', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'<>"\\@:, =abSIZE\xe8') }), (tail) => {
      const read = readPathCommand('RCPT TO', `RCPT TO:${tail}`);
      assert.ok(read === undefined || !/[\r\n\0]/.test(read.address));
    }),
  );
});
