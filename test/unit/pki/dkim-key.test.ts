import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { buildDkimRecord, formatZoneLine, makeDkimKey } from '../../../src/pki/dkim-key.ts';
import { provider } from './authority.ts';

test('the record holds the public half of the key, in strings that a TXT record can hold', async () => {
  const keyPem = await makeDkimKey();
  const record = buildDkimRecord(keyPem, 'pec', 'alfa.test');
  assert.equal(record.name, 'pec._domainkey.alfa.test');
  const der = Buffer.from(/^v=DKIM1; k=rsa; p=(\S+)$/.exec(record.value)?.[1] ?? '', 'base64');
  assert.deepEqual(
    createPublicKey({ key: der, type: 'spki', format: 'der' }).export({ type: 'spki', format: 'der' }),
    createPublicKey(keyPem).export({ type: 'spki', format: 'der' }),
  );
  const line = formatZoneLine(record);
  assert.match(line, /^pec\._domainkey\.alfa\.test\. IN TXT \( "[^"]{250}" "[^"]+" \)$/);
  assert.equal([...line.matchAll(/"([^"]*)"/g)].map(([, text]) => text).join(''), record.value);
});

test('a key that cannot be one is refused', () => {
  assert.throws(() => buildDkimRecord('no key', 'pec', 'alfa.test'));
  assert.throws(() => buildDkimRecord(provider.certificatePem, 'pec', 'alfa.test'));
});
