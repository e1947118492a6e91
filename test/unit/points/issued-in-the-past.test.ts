/**
 * What the log kept of messages issued with texts and a key that are no longer in use. The key is gone for good: these
 * come back byte for byte for as long as this test stands, whatever the texts of today are.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { issued, writeAgain } from '../../support/issued-in-the-past.ts';

for (const kept of issued) {
  const { generated, sha256 } = kept;
  const form = 'receiptKind' in generated ? ` ${generated.receiptKind}` : '';
  test(`texts ${generated.textsVersion}: ${generated.kind}${form} comes back as it was issued`, async () => {
    const whole = await writeAgain(kept);
    assert.equal(createHash('sha256').update(whole).digest('hex'), sha256);
  });
}

test('the record holds every kind', () => {
  assert.equal(new Set(issued.map(({ generated }) => generated.kind)).size, 10);
});
