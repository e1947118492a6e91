import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decideTransition,
  isFinal,
  type LifecycleEvent,
  type RecipientState,
  recipientStates,
  statesBefore,
  transitions,
} from '../../../src/pec/lifecycle.ts';

const events: readonly LifecycleEvent[] = [
  'relayed',
  'taken-in-charge',
  'delivered',
  'failed',
  'virus-detected',
  'notice-12h',
  'notice-24h',
];

/** One line a state, one column an event in the order above; `-` nothing, `late` after the end. */
const table: Record<RecipientState, string> = {
  accepted: 'relayed taken-in-charge delivered failed infected accepted expired',
  relayed: '- taken-in-charge delivered failed infected relayed expired',
  'taken-in-charge': '- - delivered failed infected - expired',
  delivered: 'late late late late late late late',
  failed: 'late late late late late late late',
  infected: 'late late late late late late late',
  expired: 'late late late late late late late',
};

for (const state of recipientStates) {
  test(`what follows ${state}`, () => {
    const seen = events.map((event) => {
      const transition = decideTransition(state, event);
      if (transition.kind === 'move') return transition.to;
      return transition.kind === 'none' ? '-' : 'late';
    });
    assert.equal(seen.join(' '), table[state]);
  });
}

test('final states have no way out, and every open state has a way to each outcome', () => {
  const final: RecipientState[] = ['delivered', 'failed', 'infected', 'expired'];
  for (const state of recipientStates) {
    assert.equal(isFinal(state), final.includes(state), state);
    const reachable = Object.values(transitions[state]).filter((to) => final.includes(to));
    assert.deepEqual(reachable.sort(), final.includes(state) ? [] : [...final].sort(), state);
  }
});

test('an ordinary recipient is done when the other server has the message', () => {
  assert.equal(isFinal('relayed', false), true);
  assert.equal(isFinal('accepted', false), false);
});

test('the states an event may come from', () => {
  assert.deepEqual(statesBefore('delivered'), ['accepted', 'relayed', 'taken-in-charge']);
  assert.deepEqual(statesBefore('notice-12h'), ['accepted', 'relayed']);
  assert.deepEqual(statesBefore('relayed'), ['accepted']);
});
