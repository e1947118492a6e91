import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { MailError } from '../../src/lib/mail-error.ts';
import { createResolver } from '../../src/relay/resolver.ts';
import { startTestDns } from '../support/test-dns.ts';

const mx = (preference: number, exchange: string) => ({ type: 'MX', preference, exchange }) as const;

const dns = await startTestDns({
  'two.test': [mx(20, 'Second.two.test'), mx(10, 'first.two.test')],
  'equal.test': ['a', 'b', 'c', 'd'].map((name) => mx(10, `${name}.equal.test`)),
  'bare.test': [{ type: 'A', address: '192.0.2.7' }],
  'null.test': [mx(0, '')],
  'empty.test': [],
  'gone.test': 'NXDOMAIN',
  'broken.test': 'SERVFAIL',
  'silent.test': 'SILENT',
  'loop.test': [mx(10, 'before.test'), mx(20, 'mx.alfa.test'), mx(30, 'after.test')],
  'self.test': [mx(10, 'mx.alfa.test')],
  'both.test': [
    { type: 'AAAA', address: '2001:db8:0:0:0:0:0:1' },
    { type: 'A', address: '192.0.2.8' },
  ],
});
after(() => dns.close());

const resolver = createResolver({
  servers: [dns.server],
  timeoutMs: 200,
  tries: 1,
  ownNames: ['MX.alfa.test'],
  routes: { 'fisso.test': { host: 'localhost', port: 2525 } },
});

const names = async (domain: string) => (await resolver.findHosts(domain)).map(({ host }) => host);

function failsAs(kind: MailError['kind'], enhanced: string) {
  return (error: unknown) =>
    error instanceof MailError && error.kind === kind && error.smtp.enhanced === enhanced;
}

test('MX records by preference, names in lower case', async () => {
  assert.deepEqual(await resolver.findHosts('two.test'), [
    { host: 'first.two.test', port: 25, byRoute: false },
    { host: 'second.two.test', port: 25, byRoute: false },
  ]);
});

test('equal preferences share the load', async () => {
  const firsts = new Set<string | undefined>();
  for (let i = 0; i < 60; i++) firsts.add((await names('equal.test'))[0]);
  assert.ok(firsts.size > 1);
});

test('a domain without MX is its own exchanger', async () => {
  assert.deepEqual(await names('bare.test'), ['bare.test']);
});

test('a static route comes before any DNS', async () => {
  assert.deepEqual(await resolver.findHosts('FISSO.test'), [
    { host: 'localhost', port: 2525, byRoute: true },
  ]);
  assert.ok(
    (await resolver.findAddresses({ host: 'localhost', port: 2525, byRoute: true })).includes('127.0.0.1'),
  );
});

test('an address literal is its own host', async () => {
  assert.deepEqual(await names('[192.0.2.1]'), ['192.0.2.1']);
  assert.deepEqual(await names('[IPv6:2001:db8::1]'), ['2001:db8::1']);
});

test('exchangers from ourselves on are no way (RFC 5321 5.1)', async () => {
  assert.deepEqual(await names('loop.test'), ['before.test']);
  await assert.rejects(names('self.test'), failsAs('permanent', '5.4.6'));
});

test('what cannot take mail is permanent, what cannot be told is temporary', async () => {
  await assert.rejects(names('null.test'), failsAs('permanent', '5.1.10'));
  await assert.rejects(names('gone.test'), failsAs('permanent', '5.1.2'));
  await assert.rejects(names('broken.test'), failsAs('temporary', '4.4.3'));
  await assert.rejects(names('silent.test'), failsAs('temporary', '4.4.3'));
});

test('addresses: both families; none is permanent, no answer temporary', async () => {
  const find = (host: string) => resolver.findAddresses({ host, port: 25, byRoute: false });
  assert.deepEqual(await find('both.test'), ['192.0.2.8', '2001:db8::1']);
  assert.deepEqual(await find('192.0.2.1'), ['192.0.2.1']);
  await assert.rejects(find('empty.test'), failsAs('permanent', '5.4.4'));
  await assert.rejects(find('gone.test'), failsAs('permanent', '5.4.4'));
  await assert.rejects(find('broken.test'), failsAs('temporary', '4.4.3'));
});

test('a route to a name that is not there today is temporary', async () => {
  const find = resolver.findAddresses({ host: 'nowhere.invalid', port: 25, byRoute: true });
  await assert.rejects(find, failsAs('temporary', '4.4.3'));
});
