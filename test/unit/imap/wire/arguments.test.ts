import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Arguments } from '../../../../src/imap/wire/arguments.ts';
import { SyntaxProblem } from '../../../../src/imap/wire/syntax.ts';

const args = (text: string) => new Arguments([text]);

describe('productions', () => {
  it('reads atoms up to what ends them', () => {
    for (const [text, atom] of [
      ['abc def', 'abc'],
      ['a-b.c+d]', 'a-b.c+d'],
      ['$Forwarded)', '$Forwarded'],
      ['citt\xe0 ', 'citt\xe0'],
    ] as const) {
      assert.equal(args(text).atom(), atom);
    }
    for (const text of ['', ' a', '(a', '"a"', '{1}', '%', '*', '\\a', ']']) {
      assert.throws(() => args(text).atom(), SyntaxProblem, JSON.stringify(text));
    }
  });

  it('reads quoted strings with escapes', () => {
    assert.equal(args('"a \\"b\\" \\\\"').string(), 'a "b" \\');
    assert.equal(args('""').string(), '');
    for (const text of ['"abc', '"a\\x"', '"a\r\nb"', '"a\0"']) {
      assert.throws(() => args(text).string(), SyntaxProblem, JSON.stringify(text));
    }
  });

  it('tells NIL from a string', () => {
    assert.equal(args('nil').nstring(), undefined);
    assert.equal(args('"NIL"').nstring(), 'NIL');
    assert.throws(() => args('nilly').nstring(), SyntaxProblem);
  });

  it('reads lists, empty ones too', () => {
    const flags = args('(\\Seen $x) ()');
    assert.deepEqual(flags.flagList(), ['\\Seen', '$x']);
    flags.space();
    assert.deepEqual(flags.flagList(), []);
    assert.ok(flags.atEnd);
    for (const text of ['(a  b)', '(a', '( a)', '(a )']) {
      assert.throws(() => args(text).flagList(), SyntaxProblem, text);
    }
  });

  it('reads numbers within 63 bits', () => {
    assert.equal(args('0').number(), 0);
    assert.equal(args('9007199254740991').number(), 9007199254740991);
    assert.throws(() => args('-1').number(), SyntaxProblem);
    assert.throws(() => args('0').nzNumber(), SyntaxProblem);
  });

  it('says where it stopped', () => {
    const here = args('a b');
    here.atom();
    here.space();
    assert.throws(() => here.number(), /line 1, column 3/);
    assert.throws(() => args('').space(), /at the end of the command/);
  });
});
