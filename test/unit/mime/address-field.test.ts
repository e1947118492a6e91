import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddressList } from '../../../src/mime/address.ts';
import { encodeAddressField, type NamedAddress } from '../../../src/mime/address-field.ts';

const readBack = (field: string) => {
  assert.ok(field.endsWith('\r\n'));
  const { addresses, problems } = parseAddressList(field.slice(field.indexOf(':') + 1));
  assert.deepEqual(problems, []);
  return addresses.map(({ display, address }) => ({ display, address }));
};

test('a bare address, a quoted name, an encoded name', () => {
  assert.equal(encodeAddressField('To', [{ address: 'a@b.it' }]), 'To: a@b.it\r\n');
  assert.equal(
    encodeAddressField('From', [{ display: 'Per conto di: a@b.it', address: 'posta-certificata@c.it' }]),
    'From: "Per conto di: a@b.it" <posta-certificata@c.it>\r\n',
  );
  assert.equal(
    encodeAddressField('To', [{ display: 'Città', address: 'a@b.it' }]),
    'To: =?utf-8?Q?Citt=C3=A0?= <a@b.it>\r\n',
  );
});

test('what is written is read back the same', () => {
  const many: NamedAddress[] = [
    { display: 'A "B" \\ C', address: 'a@b.it' },
    { display: undefined, address: '"john doe"@x.it' },
    {
      display: 'Comune di Città, Ufficio Protocollo e molto altro ancora così che si va a capo',
      address: 'c@d.it',
    },
    { display: 'Nome lungo senza accenti '.repeat(8).trim(), address: 'e@[127.0.0.1]' },
    { display: '=?utf-8?Q?x?=', address: 'f@g.it' },
    { display: undefined, address: 'a..b@c.it' },
  ];
  const field = encodeAddressField('Cc', many.slice(0, 5));
  assert.deepEqual(
    readBack(field),
    many.slice(0, 5).map(({ display, address }) => ({ display, address })),
  );
  for (const line of field.split('\r\n')) assert.ok(line.length <= 78, line);
});

test('line ends in a name cannot begin a new field', () => {
  const field = encodeAddressField('From', [{ display: 'x\r\nBcc: y@z.it', address: 'a@b.it' }]);
  assert.deepEqual(readBack(field), [{ display: 'x Bcc: y@z.it', address: 'a@b.it' }]);
  assert.ok(!field.includes('\nBcc'));
});

test('an address that would end itself is refused', () => {
  for (const address of [
    '',
    'a',
    'a b@c.it',
    'a@b.it>',
    'a<b@c.it',
    'a,b@c.it',
    'a@b.it\r\nBcc: x',
    'à@b.it',
    '"a"b"@c.it',
  ])
    assert.throws(() => encodeAddressField('To', [{ address }]), TypeError, address);
  assert.throws(() => encodeAddressField('T o', [{ address: 'a@b.it' }]), TypeError);
});
