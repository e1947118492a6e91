import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { normalizeFolderName, parentsOf, parseNewFolderName } from '../../../src/mailbox/folder-name.ts';
import { joinUids, tidyRanges } from '../../../src/mailbox/message-rows.ts';

const uid = fc.integer({ min: 1, max: 60 });

function expand(ranges: readonly (readonly [number, number])[]): number[] {
  return ranges.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index),
  );
}

test('tidy ranges name the same UIDs, ascending, each once, with gaps between', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(uid, uid), { maxLength: 8 }), (ranges) => {
      const tidy = tidyRanges(ranges);
      const wanted = ranges.flatMap(([a, b]) => expand([[Math.min(a, b), Math.max(a, b)]]));
      assert.deepEqual(
        expand(tidy),
        [...new Set(wanted)].sort((a, b) => a - b),
      );
      for (const [index, [first]] of tidy.entries()) {
        assert.ok(index === 0 || first > (tidy[index - 1]?.[1] ?? 0) + 1);
      }
    }),
  );
});

test('open ends stop at the largest UID; numbers below the first are left out', () => {
  assert.deepEqual(tidyRanges([[0, Number.POSITIVE_INFINITY]]), [[1, 4_294_967_295]]);
  assert.deepEqual(tidyRanges([[5_000_000_000, 6_000_000_000]]), []);
  assert.deepEqual(tidyRanges([[-5, 0]]), []);
});

test('UIDs joined to ranges and expanded are the UIDs', () => {
  fc.assert(
    fc.property(fc.uniqueArray(uid), (uids) => {
      const sorted = uids.sort((a, b) => a - b);
      assert.deepEqual(expand(joinUids(sorted)), sorted);
    }),
  );
});

test('folder names: INBOX in capitals at the first level only', () => {
  assert.equal(normalizeFolderName('inbox'), 'INBOX');
  assert.equal(normalizeFolderName('Inbox/inbox'), 'INBOX/inbox');
  assert.equal(normalizeFolderName('inboxes'), 'inboxes');
  assert.equal(normalizeFolderName('a/inbox'), 'a/inbox');
  assert.equal(parseNewFolderName('e\u0300'), '\u00e8');
  assert.deepEqual(parentsOf('a/b/c'), ['a', 'a/b']);
  assert.deepEqual(parentsOf('a'), []);
  assert.throws(() => parseNewFolderName(Array.from({ length: 51 }, () => 'x').join('/')), {
    reason: 'cannot',
  });
  assert.throws(() => parseNewFolderName('\ud800'), { reason: 'cannot' });
});
