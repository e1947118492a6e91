import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecipientState } from '../../../src/pec/lifecycle.ts';
import { decideSentMarks } from '../../../src/pec/sent-marks.ts';

const certified = (state: RecipientState) => ({ state, certified: true, count: 1 });
const ordinary = (state: RecipientState) => ({ state, certified: false, count: 1 });

test('what the sender’s copy says of each course a message takes', () => {
  const cases: [string, Parameters<typeof decideSentMarks>[0], string[]][] = [
    ['refused', undefined, ['$PEC-Failed']],
    ['under way', [certified('accepted'), certified('delivered')], ['$PEC-Accepted']],
    ['taken in charge', [certified('taken-in-charge')], ['$PEC-Accepted']],
    ['all delivered', [certified('delivered')], ['$PEC-Accepted', '$PEC-Delivered']],
    ['ordinary only', [ordinary('relayed')], ['$PEC-Accepted']],
    [
      'delivered to the certified ones',
      [certified('delivered'), ordinary('accepted')],
      ['$PEC-Accepted', '$PEC-Delivered'],
    ],
    [
      'one failed, one under way',
      [certified('failed'), certified('relayed')],
      ['$PEC-Accepted', '$PEC-Failed'],
    ],
    ['a virus', [certified('infected'), certified('delivered')], ['$PEC-Accepted', '$PEC-Failed']],
    ['24 h over', [certified('expired')], ['$PEC-Accepted', '$PEC-Failed']],
    [
      'an ordinary server refused, all certified delivered',
      [certified('delivered'), ordinary('failed')],
      ['$PEC-Accepted', '$PEC-Delivered', '$PEC-Failed'],
    ],
  ];
  for (const [name, recipients, expected] of cases)
    assert.deepEqual(decideSentMarks(recipients), expected, name);
});
