import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildAcceptanceReceipt } from '../../../src/pec/receipts/acceptance.ts';
import { buildDeliveryReceipt } from '../../../src/pec/receipts/delivery.ts';
import { rebuildGenerated } from '../../../src/pec/reproduction.ts';
import { buildTransportEnvelope } from '../../../src/pec/transport-envelope.ts';
import { at, enclose, facts, lines, values } from './sample.ts';

// That every kind comes back byte for byte is asked of each golden case.
const original = enclose(lines('From: mario@alfa.test', '', 'x'));
const encloses = [
  buildTransportEnvelope({ ...values, original, receiptKind: 'completa' }),
  buildDeliveryReceipt({ ...values, kind: 'completa', recipient: 'a@b.it', original: original.segments }),
];

for (const { generated } of encloses) {
  test(`a ${generated.kind} is not written again without what it encloses`, () => {
    assert.throws(() => rebuildGenerated({ facts, at, generated }), /without what it encloses/);
    assert.deepEqual(rebuildGenerated({ facts, at, generated, enclosed: original }).generated, generated);
  });
}

test('a record of texts that no longer exist is refused, never written with others', () => {
  const { generated } = buildAcceptanceReceipt(values);
  assert.throws(
    () => rebuildGenerated({ facts, at, generated: { ...generated, textsVersion: 99 } }),
    RangeError,
  );
});

test('a record takes well under a kilobyte beside the facts it shares', () => {
  const { generated } = buildDeliveryReceipt({ ...values, kind: 'sintetica', recipient: 'a@b.it' });
  assert.ok(JSON.stringify(generated).length < 400);
});

test('a salt changes the boundaries and nothing else, and is kept in the record', () => {
  const base = { ...values, kind: 'completa', recipient: 'a@b.it', original: original.segments } as const;
  const plain = buildDeliveryReceipt(base);
  const salted = buildDeliveryReceipt({ ...base, salt: 'x' });
  assert.notEqual(plain.boundary, salted.boundary);
  assert.deepEqual(plain.header, salted.header);
  assert.equal('salt' in salted.generated && salted.generated.salt, 'x');
  const again = rebuildGenerated({ facts, at, generated: salted.generated, enclosed: original });
  assert.equal(again.boundary, salted.boundary);
});
