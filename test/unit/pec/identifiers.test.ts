import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildIdentificativo, deriveBoundary, deriveMessageId } from '../../../src/pec/identifiers.ts';

const at = Date.UTC(2026, 10, 21, 9, 11, 12);
const random = Uint8Array.from({ length: 16 }, (_, i) => i);

test('an identificativo has letters, digits and dots before the domain', () => {
  const made = buildIdentificativo({ at, random, node: 'n1', domain: 'alfa.test' });
  assert.equal(made, 'pec.20261121091112.n1.000102030405060708090a0b0c0d0e0f@alfa.test');
  assert.match(made, /^[A-Za-z0-9.]+@alfa\.test$/);
});

test('too little randomness or a strange node name is refused', () => {
  assert.throws(() => buildIdentificativo({ at, random: random.subarray(1), node: 'n1', domain: 'a.it' }));
  assert.throws(() => buildIdentificativo({ at, random, node: 'n-1', domain: 'a.it' }));
  assert.throws(() => buildIdentificativo({ at, random, node: '', domain: 'a.it' }));
});

test('derived Message-IDs: same input same id, each value counts, no two lists run together', () => {
  const base = { identificativo: 'x@a.it', kind: 'delivery-receipt', recipient: 'b@c.it', domain: 'a.it' };
  const id = deriveMessageId(base);
  assert.match(id, /^<[a-z0-9.]+@a\.it>$/);
  assert.equal(deriveMessageId({ ...base }), id);
  const others = [
    { ...base, identificativo: 'y@a.it' },
    { ...base, kind: 'non-delivery-notice' },
    { ...base, recipient: 'c@c.it' },
    { ...base, recipient: ['b@', 'c.it'] },
  ].map(deriveMessageId);
  assert.equal(new Set([id, ...others]).size, 5);
  assert.equal(deriveMessageId({ ...base, recipient: ['b@c.it'] }), id);
});

test('boundaries cannot occur in base64 or quoted-printable and are legal', () => {
  const boundary = deriveBoundary('mixed', ['x@a.it']);
  assert.match(boundary, /^=_[a-z]+_[0-9a-f]{40}$/);
  assert.ok(boundary.length <= 70, 'RFC 2046 §5.1.1');
  assert.notEqual(deriveBoundary('signed', ['x@a.it']), boundary);
  assert.notEqual(deriveBoundary('mixed', ['y@a.it']), boundary);
});
