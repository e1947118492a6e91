import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deliveryFailures, describePeerRefusal, timeoutFailures } from '../../../src/pec/failures.ts';

const cases: [enhanced: string, text: string, expected: string][] = [
  ['5.1.1', 'User unknown', 'no-dest 5.1.1 indirizzo non valido'],
  ['5.1.2', 'Bad destination system', 'no-dominio 5.1.2 dominio non valido'],
  ['5.2.2', 'Over quota', 'altro 5.2.2 casella piena'],
  ['5.4.4', 'Unable to route', 'no-dominio 5.4.4 Unable to route'],
  ['5.7.1', 'Relaying denied\r\n  X-Injected: yes\u0000', 'altro 5.7.1 Relaying denied X-Injected: yes'],
  ['garbage', 'No', 'altro 5.0.0 No'],
  [
    '4.2.2',
    'a temporary status on a permanent refusal',
    'altro 5.0.0 a temporary status on a permanent refusal',
  ],
  ['5.5.0', '  ', 'altro 5.5.0 il server del destinatario ha rifiutato il messaggio'],
];

for (const [enhanced, text, expected] of cases) {
  test(`a peer refuses with ${enhanced} ${JSON.stringify(text)}`, () => {
    const { error, status, text: words } = describePeerRefusal({ enhanced, text });
    assert.equal(`${error} ${status} ${words.italian}`, expected);
  });
}

test("a peer's text is cut to a line that fits", () => {
  assert.equal(describePeerRefusal({ enhanced: '5.0.0', text: 'x'.repeat(5000) }).text.italian.length, 300);
});

test('5.4.1 stands on the final notice alone', () => {
  assert.equal(timeoutFailures[24].status, '5.4.1');
  const others: string[] = [timeoutFailures[12], ...Object.values(deliveryFailures)].map(
    ({ status }) => status,
  );
  assert.ok(!others.includes('5.4.1'));
});
