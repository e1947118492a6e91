import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkNewPassword,
  createPasswordHasher,
  currentParameters,
  preparePassword,
} from '../../../src/accounts/password.ts';

const cheap = { memory: 8, passes: 1, parallelism: 1 };

test('a hash is a PHC string of argon2id with today’s parameters, salted each time', async () => {
  const hasher = createPasswordHasher();
  const [one, two] = await Promise.all([hasher.hash('correct horse'), hasher.hash('correct horse')]);
  assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.notEqual(one, two);
  assert.deepEqual(currentParameters, { memory: 19_456, passes: 2, parallelism: 1 });
});

test('the right password verifies, another does not', async () => {
  const hasher = createPasswordHasher({ parameters: cheap });
  const stored = await hasher.hash('correct horse');
  assert.equal(await hasher.verify(stored, 'correct horse'), 'yes');
  assert.equal(await hasher.verify(stored, 'Correct horse'), 'no');
  assert.equal(await hasher.verify(stored, ''), 'no');
});

test('a test vector of the reference implementation verifies, and asks for a new hash', async () => {
  const stored = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';
  const hasher = createPasswordHasher({ parameters: cheap });
  assert.equal(await hasher.verify(stored, 'password'), 'outdated');
  assert.equal(await hasher.verify(stored, 'passwort'), 'no');
});

test('the same text typed on another system is the same password (RFC 8265)', () => {
  assert.equal(preparePassword('perche\u0301 no'), preparePassword('perch\u00e9\u00a0no'));
  assert.notEqual(preparePassword('Segreta1'), preparePassword('segreta1'));
});

test('a damaged stored hash is an error, not a refusal', async () => {
  await assert.rejects(createPasswordHasher().verify('$2b$10$abc', 'x'), /not an argon2id/);
});

test('new passwords: length counted in characters, nothing that cannot be typed', () => {
  checkNewPassword('🐎'.repeat(8));
  checkNewPassword('x'.repeat(256));
  for (const bad of ['1234567', '🐎'.repeat(7), 'x'.repeat(257), 'with\u0000null', 'two\r\nlines here']) {
    assert.throws(() => checkNewPassword(bad), { kind: 'permanent' });
  }
});

test('few hashes run at once, some may wait, more are answered with "later"', async () => {
  const hasher = createPasswordHasher({ parameters: cheap, atOnce: 1, waiting: 2 });
  const settled = await Promise.allSettled([1, 2, 3, 4, 5].map((n) => hasher.hash(`password ${n}`)));
  assert.deepEqual(
    settled.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'],
  );
  const [refused] = settled.filter((result) => result.status === 'rejected');
  assert.equal(refused?.reason.smtp.code, 454);
  assert.match(await hasher.hash('again'), /^\$argon2id/);
});
