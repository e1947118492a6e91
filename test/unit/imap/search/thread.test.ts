import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { findBaseSubject } from '../../../../src/imap/search/base-subject.ts';
import { formatThreads, type Thread, type ThreadMessage } from '../../../../src/imap/search/thread.ts';
import { threadByReferences } from '../../../../src/imap/search/thread-references.ts';
import { threadBySubject } from '../../../../src/imap/search/thread-subject.ts';

/** `uid id<references subject`, sent in the order of the list. */
function messages(lines: readonly string[]): ThreadMessage[] {
  return lines.map((line, index) => {
    const [, id, references, subject = ''] = /^(\w*)(?:<([\w,]*))? ?(.*)$/.exec(line) ?? [];
    return {
      uid: index + 1,
      sentAt: index,
      subject: findBaseSubject(subject.toUpperCase()),
      id: id === '' ? undefined : id,
      references: references?.split(',').filter(Boolean) ?? [],
    };
  });
}

const references = (...lines: string[]) => formatThreads(threadByReferences(messages(lines)), (uid) => uid);
const bySubject = (...lines: string[]) => formatThreads(threadBySubject(messages(lines)), (uid) => uid);

describe('THREAD=REFERENCES', () => {
  it('links answers to what they answer', () => {
    assert.equal(references('a x', 'b<a y', 'c<a,b z'), '(1 2 3)');
    assert.equal(references('a x', 'b<a y', 'c<a z'), '(1 (2)(3))');
    assert.equal(references('c<a,b z', 'a x', 'b<a y'), '(2 3 1)');
  });

  it('keeps siblings of a message that is not there together', () => {
    assert.equal(references('b<a y', 'c<a z'), '((1)(2))');
    assert.equal(references('b<a y'), '(1)');
    assert.equal(references('d<a,b,c y', 'a x'), '(2 1)');
  });

  it('makes no loops', () => {
    assert.equal(references('a<b x', 'b<a y'), '(2 1)');
    assert.equal(references('a<a x'), '(1)');
  });

  it('gives an id to one message only', () => {
    assert.equal(references('a x', 'a y', 'b<a z'), '(1 3)(2)');
  });

  it('joins threads of one subject', () => {
    assert.equal(references('a Ciao', 'b Re: Ciao'), '(1 2)');
    assert.equal(references('a Ciao', 'b ciao'), '((1)(2))');
    assert.equal(references('a Re: Ciao', 'b Ciao'), '(2 1)');
    assert.equal(references('b<x Ciao', 'c<x Ciao', 'd Ciao'), '((1)(2)(3))');
    assert.equal(references('a', 'b'), '(1)(2)');
  });

  it('loses no message and doubles none', () => {
    const id = fc.constantFrom('', 'a', 'b', 'c', 'd', 'e');
    const line = fc
      .tuple(
        id,
        fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { maxLength: 4 }),
        fc.constantFrom('', 'x', 'Re: x', 'y'),
      )
      .map(([own, refs, subject]) => `${own}<${refs.join(',')} ${subject}`);
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        const all = (thread: Thread): number[] => [
          ...(thread.uid === undefined ? [] : [thread.uid]),
          ...thread.children.flatMap(all),
        ];
        const told = threadByReferences(messages(lines)).flatMap(all);
        assert.deepEqual(
          told.sort((a, b) => a - b),
          lines.map((_, index) => index + 1),
        );
      }),
    );
  });

  it('bears threads deeper than the stack, and wide ones', () => {
    const deep = Array.from(
      { length: 20_000 },
      (_, index) => `m${index}${index > 0 ? `<m${index - 1}` : ''} s${index}`,
    );
    assert.ok(formatThreads(threadByReferences(messages(deep)), (uid) => uid).startsWith('(1 2 3 '));
    const wide = Array.from({ length: 150_000 }, (_, index) => `m${index}<a s${index}`);
    const threads = threadByReferences(messages(['a x', ...wide]));
    assert.ok(formatThreads(threads, (uid) => uid).startsWith('(1 (2)(3)'));
  });
});

describe('THREAD=ORDEREDSUBJECT', () => {
  it('makes one thread a subject, without grandchildren', () => {
    assert.equal(bySubject('a uno', 'b due', 'c Re: uno', 'd uno'), '(1 (3)(4))(2)');
    assert.equal(bySubject('a uno', 'b Re: uno'), '(1 2)');
    assert.equal(bySubject(), '');
  });
});
