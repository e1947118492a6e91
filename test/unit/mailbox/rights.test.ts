import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  allRights,
  changeRights,
  decideRights,
  formatRights,
  parseRights,
} from '../../../src/mailbox/rights.ts';

const letters = fc.array(fc.constantFrom(...allRights)).map((each) => each.join(''));
const names = { login: 'anna', address: 'anna@alfa.test' };
const entry = fc.record({
  identifier: fc.constantFrom('anna', 'anna@alfa.test', 'anyone', 'mario', '-anna', '-anyone', '-mario'),
  mailboxId: fc.constantFrom(undefined, 1, 2),
  rights: letters.map(parseRights),
});
const entries = fc.uniqueArray(entry, { selector: ({ identifier }) => identifier });
const loginRights = fc.record({ read: fc.boolean(), write: fc.boolean(), manage: fc.boolean() });
const viewer = loginRights.map((rights) => ({
  loginId: 1,
  name: 'anna',
  mailboxId: 1,
  address: 'anna@alfa.test',
  rights,
}));

describe('rights to a folder', () => {
  it('are a set, whatever the order of the letters; c and d are old names of others', () => {
    assert.equal(parseRights('aersl'), 'lrsea');
    assert.equal(parseRights('cd'), 'kxte');
    assert.deepEqual(['k', 'te', 'lr'].map(formatRights), ['kc', 'ted', 'lr']);
    assert.throws(() => parseRights('q'), { reason: 'cannot' });
    fc.assert(
      fc.property(letters, (some) => assert.equal(parseRights(parseRights(some)), parseRights(some))),
    );
  });

  it('are added, taken away and replaced', () => {
    fc.assert(
      fc.property(letters.map(parseRights), letters.map(parseRights), (one, other) => {
        const sum = changeRights(one, 'add', other);
        for (const right of allRights) {
          assert.equal(sum.includes(right), one.includes(right) || other.includes(right));
          const rest = changeRights(one, 'remove', other).includes(right);
          assert.equal(rest, one.includes(right) && !other.includes(right));
        }
        assert.equal(changeRights(one, 'replace', other), other);
      }),
    );
  });

  it('never go beyond what the login may do', () => {
    fc.assert(
      fc.property(
        viewer,
        entries,
        fc.constantFrom(1, 2),
        fc.boolean(),
        (who, list, mailboxId, sameDomain) => {
          const rights = decideRights(who, names, { mailboxId, sameDomain }, list);
          if (!who.rights.write) assert.doesNotMatch(rights, /[swipkxte]/);
          if (!who.rights.read) assert.doesNotMatch(rights, /[lr]/);
          if (!who.rights.manage) assert.doesNotMatch(rights, /a/);
        },
      ),
    );
  });

  it('of others come from the list alone, and what is denied is not granted', () => {
    fc.assert(
      fc.property(viewer, entries, (who, list) => {
        const rights = decideRights(who, names, { mailboxId: 2, sameDomain: false }, list);
        const meant = list.filter(({ mailboxId }) => mailboxId !== 2);
        for (const right of rights) {
          assert.ok(
            meant.some(({ identifier, rights: of }) => /^anna/.test(identifier) && of.includes(right)),
          );
          assert.ok(
            !meant.some(({ identifier, rights: of }) => identifier === '-anna' && of.includes(right)),
          );
        }
      }),
    );
  });

  it('cannot be taken from who manages the mailbox', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const who = {
          loginId: 1,
          name: 'anna',
          mailboxId: 1,
          address: 'x',
          rights: { read: true, write: true, manage: true },
        };
        assert.equal(decideRights(who, names, { mailboxId: 1, sameDomain: true }, list), allRights);
      }),
    );
  });
});
