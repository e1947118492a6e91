import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { rangesOf, valuesOf } from '../../../src/imap/number-ranges.ts';
import { SequenceMap } from '../../../src/imap/sequence-map.ts';

const step = fc.oneof(
  fc.record({ add: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 }) }),
  fc.record({ remove: fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 8 }) }),
);

describe('sequence numbers', () => {
  it('are the places in the list of UIDs, whatever happened to it', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const map = new SequenceMap([]);
        let model: number[] = [];
        // The client's list, changed only by what is announced.
        const client: number[] = [];
        let next = 1;
        for (const each of steps) {
          if ('add' in each) {
            const uids = each.add.map((gap) => (next += gap));
            map.append(rangesOf(uids));
            model.push(...uids);
            client.push(...uids);
          } else {
            const gone = each.remove.sort((a, b) => a - b);
            for (const sequence of map.remove(rangesOf(gone))) client.splice(sequence - 1, 1);
            model = model.filter((uid) => !gone.includes(uid));
          }
          assert.deepEqual([...valuesOf(map.uids)], model);
          assert.deepEqual(client, model);
        }
        assert.equal(map.count, model.length);
        for (const [index, uid] of model.entries()) {
          assert.equal(map.sequenceOf(uid), index + 1);
          assert.equal(map.uidAt(index + 1), uid);
        }
        assert.equal(map.uidAt(0), undefined);
        assert.equal(map.uidAt(model.length + 1), undefined);
        assert.equal(map.sequenceOf(next + 1), undefined);
        const middle = model.slice(1, -1);
        assert.deepEqual([...valuesOf(map.uidsAt([[2, model.length - 1]]))], middle);
        assert.deepEqual(
          [...valuesOf(map.sequencesOf(rangesOf(middle)))],
          middle.map((_, index) => index + 2),
        );
      }),
    );
  });
});
