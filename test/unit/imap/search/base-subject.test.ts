import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findBaseSubject } from '../../../../src/imap/search/base-subject.ts';

describe('the base subject (RFC 5256 §2.1)', () => {
  it('loses the marks of answers, forwards and lists', () => {
    for (const [subject, text, isReply] of [
      ['Offerta', 'Offerta', false],
      ['  due \t parole ', 'due parole', false],
      ['Re: Offerta', 'Offerta', true],
      ['RE : re:Offerta', 'Offerta', true],
      ['Re[2]: Offerta', 'Offerta', true],
      ['fw: Fwd: Offerta', 'Offerta', true],
      ['[lista] Offerta', 'Offerta', false],
      ['[lista] Re: [altra] Offerta', 'Offerta', true],
      ['[a] [b] Re: Offerta', 'Offerta', true],
      ['[lista]', '[lista]', false],
      ['Offerta (fwd) (FWD)', 'Offerta', true],
      ['[Fwd: Re: Offerta]', 'Offerta', true],
      ['[fwd: [fwd: x]]', 'x', true],
      ['Regola', 'Regola', false],
      ['Re:', '', true],
      ['', '', false],
      ['POSTA CERTIFICATA: Offerta', 'POSTA CERTIFICATA: Offerta', false],
    ] as const) {
      assert.deepEqual(findBaseSubject(subject), { text, isReply }, JSON.stringify(subject));
    }
  });

  it('stays fast for hostile subjects', () => {
    findBaseSubject('[a]'.repeat(100_000));
    findBaseSubject(`${'[a] '.repeat(100_000)}re`);
    findBaseSubject(`${'re '.repeat(100_000)}`);
    findBaseSubject(`${'[fwd:'.repeat(100_000)}${']'.repeat(100_000)}`);
    findBaseSubject(`x${' (fwd)'.repeat(100_000)}`);
  });
});
