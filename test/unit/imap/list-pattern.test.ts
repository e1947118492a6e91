import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { matchesPattern, parsePattern } from '../../../src/imap/list-pattern.ts';

const matches = (pattern: string, name: string) => matchesPattern(parsePattern(pattern), name);

/** The plain meaning, slow for hostile patterns. */
function model(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^]*')
    .replaceAll('%', '[^/]*');
  return new RegExp(`^${source}$`).test(name);
}

describe('mailbox patterns', () => {
  it('matches as the RFC says', () => {
    assert.ok(matches('*', 'a/b/c'));
    assert.ok(matches('%', 'a'));
    assert.ok(!matches('%', 'a/b'));
    assert.ok(matches('a/%', 'a/b'));
    assert.ok(!matches('a/%', 'a/b/c'));
    assert.ok(matches('a/*', 'a/b/c'));
    assert.ok(matches('*%', 'a/b'));
    assert.ok(matches('', ''));
    assert.ok(!matches('', 'a'));
    assert.ok(matches('inb%', 'INBOX'));
    assert.ok(!matches('archive', 'Archive'));
  });

  it('agrees with the plain meaning', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.'), maxLength: 8 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.', '*', '%'), maxLength: 8 });
    fc.assert(
      fc.property(pattern, text, (wanted, name) => {
        assert.equal(matches(wanted, name), model(wanted, name));
      }),
    );
  });

  it('stays fast for hostile patterns', () => {
    const name = 'a'.repeat(900);
    assert.equal(matches(`${'*a'.repeat(249)}b`, name), false);
    assert.throws(() => parsePattern('*a'.repeat(300)));
  });
});
