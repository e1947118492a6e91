import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReceiptKind } from '../../../src/pec/facts.ts';
import { decideReceiptKind, readReceiptKind } from '../../../src/pec/receipt-kind.ts';

const to = ['Anna@Y.it'];
const cc = ['carlo@y.it', 'anna@y.it'];

const cases: [requested: ReceiptKind, recipient: string, expected: ReceiptKind][] = [
  ['completa', 'carlo@y.it', 'sintetica'],
  ['breve', 'CARLO@y.it', 'sintetica'],
  ['sintetica', 'carlo@y.it', 'sintetica'],
  // In both To and Cc: in doubt, as if in To (RFC 6109 §3.3.2.1).
  ['completa', 'anna@y.it', 'completa'],
  ['breve', 'anna@y.it', 'breve'],
  ['sintetica', 'anna@y.it', 'sintetica'],
  // In neither.
  ['completa', 'dora@y.it', 'completa'],
  ['breve', 'dora@y.it', 'breve'],
];

for (const [requested, recipient, expected] of cases) {
  test(`${requested} for ${recipient} gives ${expected}`, () => {
    assert.equal(decideReceiptKind({ requested, to, cc, recipient }), expected);
  });
}

test('X-TipoRicevuta in any case; completa when absent or unknown', () => {
  assert.equal(readReceiptKind(' Breve\r\n'), 'breve');
  assert.equal(readReceiptKind('SINTETICA'), 'sintetica');
  assert.equal(readReceiptKind(undefined), 'completa');
  assert.equal(readReceiptKind('lunga'), 'completa');
});
