import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Admission, addressKey } from '../../../src/edge/admission.ts';

test('an IPv4 client counts by its address, an IPv6 client by its /64', () => {
  assert.equal(addressKey('192.0.2.1'), '192.0.2.1');
  assert.equal(addressKey('::ffff:192.0.2.1'), '192.0.2.1');
  assert.equal(addressKey('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
  assert.equal(addressKey('2001:DB8:0001:2::9'), '2001:db8:1:2::/64');
  assert.equal(addressKey('2001:db8::1'), '2001:db8:0:0::/64');
  assert.equal(addressKey('::1'), '0:0:0:0::/64');
  assert.equal(addressKey('fe80::1%eth0'), 'fe80:0:0:0::/64');
});

test('counts all and by address; leaving makes room', () => {
  const admission = new Admission({ connections: 3, connectionsPerAddress: 2 });
  assert.equal(admission.enter('192.0.2.1'), undefined);
  assert.equal(admission.enter('::ffff:192.0.2.1'), undefined);
  assert.equal(admission.enter('192.0.2.1'), 'too-many-from-address');
  assert.equal(admission.enter('192.0.2.2'), undefined);
  assert.equal(admission.enter('192.0.2.3'), 'too-many-connections');
  assert.equal(admission.count, 3);
  admission.leave('192.0.2.1');
  assert.equal(admission.enter('192.0.2.1'), undefined);
  for (const address of ['192.0.2.1', '192.0.2.1', '192.0.2.2']) admission.leave(address);
  assert.equal(admission.count, 0);
});
