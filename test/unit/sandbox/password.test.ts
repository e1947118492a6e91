import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makePassword } from '../../../src/sandbox/password.ts';

test('a password can be pasted behind any option, unquoted', () => {
  const passwords = Array.from({ length: 300 }, makePassword);
  for (const password of passwords) assert.match(password, /^[a-z0-9]{16}$/);
  assert.equal(new Set(passwords).size, passwords.length);
});
