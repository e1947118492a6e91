import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeAuthenticationResults } from '../../../src/mime/authentication-results.ts';

test('the field as RFC 8601 writes it', () => {
  const field = writeAuthenticationResults('mx.alfa.test', {
    spf: { result: 'pass', domain: 'example.com' },
    dkim: [
      { result: 'pass', domain: 'example.com', selector: 's1' },
      { result: 'fail', domain: 'list.example', selector: 'x' },
    ],
    dmarc: { result: 'pass', domain: 'example.com', policy: 'reject' },
  });
  assert.equal(
    field,
    'Authentication-Results: mx.alfa.test;\r\n' +
      '\tspf=pass smtp.mailfrom=example.com;\r\n' +
      '\tdkim=pass header.d=example.com header.s=s1;\r\n' +
      '\tdkim=fail header.d=list.example header.s=x;\r\n' +
      '\tdmarc=pass header.from=example.com policy.dmarc=reject\r\n',
  );
});

test('nothing from outside breaks out of it', () => {
  const evil = 'a.b\r\nBcc: x;dmarc=pass';
  const field = writeAuthenticationResults('mx.alfa.test', {
    spf: { result: evil, domain: evil },
    dkim: [],
    dmarc: { result: 'none', domain: evil, policy: '' },
  });
  assert.equal(
    field,
    'Authentication-Results: mx.alfa.test;\r\n\tspf=permerror;\r\n\tdkim=none;\r\n\tdmarc=none\r\n',
  );
});
