import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  applySequenceSet,
  parseSequenceSet,
  type SequenceSet,
} from '../../../../src/imap/wire/sequence-set.ts';
import { SyntaxProblem } from '../../../../src/imap/wire/syntax.ts';

const numbers = (text: string) => parseSequenceSet(text) as SequenceSet & { kind: 'numbers' };

describe('message sets', () => {
  it('means what RFC 3501 §9 says it means', () => {
    // [set, largest number in use, ranges]
    const cases: [string, number, number[][]][] = [
      [
        '2,4:7,9,12:*',
        15,
        [
          [2, 2],
          [4, 7],
          [9, 9],
          [12, 15],
        ],
      ],
      ['*:4,5:7', 10, [[4, 10]]],
      ['4:2', 9, [[2, 4]]],
      ['3291:*', 100, [[100, 100]]],
      ['*', 7, [[7, 7]]],
      ['*:*', 7, [[7, 7]]],
      ['1:*', 0, []],
      ['5', 0, [[5, 5]]],
      ['1,1,1:2', 9, [[1, 2]]],
      ['4294967295', 9, [[4294967295, 4294967295]]],
    ];
    for (const [text, last, ranges] of cases) {
      assert.deepEqual(applySequenceSet(numbers(text), last), ranges, text);
    }
  });

  it('knows the largest number named', () => {
    assert.equal(numbers('3,9:*').largest, 9);
    assert.equal(numbers('*').largest, 0);
    assert.equal(numbers('8:2').largest, 8);
  });

  it('knows the saved result', () => {
    assert.deepEqual(parseSequenceSet('$'), { kind: 'saved' });
  });

  it('refuses what is no set', () => {
    for (const text of ['', '0', '1:0', '4294967296', '1,,2', '1:', ':1', '1:2:3', 'a', '1,$', '-1']) {
      assert.throws(() => parseSequenceSet(text), SyntaxProblem, text);
    }
  });
});
