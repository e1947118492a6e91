/** TLS of the SMTP relay: required and verified towards certified providers, as good as it gets elsewhere. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RelayResult } from '../../src/relay/relay.ts';
import { certified, messageOf, ordinary, quick, relayTo, resolverTo } from '../support/relays.ts';
import { startRealPeer, startScriptedPeer } from '../support/smtp-peers.ts';
import { makeAuthority, type TestCertificate, testAuthority } from '../support/test-tls.ts';

const authority = testAuthority();
const good = authority.issue(['DNS:localhost']);

async function deliver(
  certificate: TestCertificate,
  destination: typeof certified,
  host?: string,
): Promise<{ result: RelayResult | undefined; secure: boolean[] }> {
  const peer = await startRealPeer(certificate);
  const resolver = resolverTo({ port: peer.port, ...(host === undefined ? {} : { host }) });
  const relay = relayTo(peer.port, { ca: [authority.cert], resolver });
  const [result] = await relay.deliver(messageOf('Subject: x\r\n\r\nx\r\n'), destination);
  await relay.close();
  await peer.close();
  return { result, secure: peer.messages.map((message) => message.secure) };
}

test('required and right: delivered over TLS', async () => {
  const { result, secure } = await deliver(good, certified);
  assert.equal(result?.outcome, 'delivered');
  assert.deepEqual(secure, [true]);
});

test('an address as destination is verified as an address', async () => {
  const { result } = await deliver(authority.issue(['IP:127.0.0.1']), certified, '127.0.0.1');
  assert.equal(result?.outcome, 'delivered');
  const wrong = await deliver(good, certified, '127.0.0.1');
  assert.equal(wrong.result?.outcome, 'temporary');
});

const unacceptable: [string, TestCertificate, RegExp][] = [
  ['another name', authority.issue(['DNS:altrove.test']), /altname|does not match/i],
  ['another authority', makeAuthority('Nobody').issue(['DNS:localhost']), /certificate/i],
  ['a certificate out of date', authority.issue(['DNS:localhost'], 0), /expired/i],
];
for (const [name, certificate, text] of unacceptable) {
  test(`required and ${name}: temporary, nothing is sent`, async () => {
    const { result, secure } = await deliver(certificate, certified);
    assert.deepEqual([result?.outcome, result?.code, result?.enhanced], ['temporary', 0, '4.7.5']);
    assert.match(result?.text ?? '', text);
    assert.deepEqual(secure, []);
  });

  test(`not required and ${name}: encrypted all the same`, async () => {
    const { result, secure } = await deliver(certificate, ordinary);
    assert.equal(result?.outcome, 'delivered');
    assert.deepEqual(secure, [true]);
  });
}

test('required and not offered: temporary, no address and no content leaves in clear', async () => {
  const peer = await startScriptedPeer();
  const relay = relayTo(peer.port, { ca: [authority.cert] });
  const [result] = await relay.deliver(messageOf('secret\r\n'), certified);
  assert.deepEqual([result?.outcome, result?.enhanced], ['temporary', '4.7.4']);
  assert.deepEqual(peer.sessions[0]?.commands, ['EHLO mx.alfa.test', 'STARTTLS']);
  await relay.close();
  await peer.close();
});

test('not required and the handshake fails: a new session in clear', async () => {
  const peer = await startScriptedPeer({
    offers: ['STARTTLS', '8BITMIME'],
    answer: (command) => (command === 'STARTTLS' ? '220 go\r\nthis is no handshake' : undefined),
  });
  const relay = relayTo(peer.port, { timeouts: quick });
  const [result] = await relay.deliver(messageOf('x\r\n'), ordinary);
  assert.equal(result?.outcome, 'delivered');
  assert.equal(peer.sessions.length, 2);
  assert.deepEqual(peer.sessions[1]?.commands.slice(0, 2), [
    'EHLO mx.alfa.test',
    'MAIL FROM:<mario.rossi@alfa.test>',
  ]);
  await relay.close();
  await peer.close();
});

test('not required and STARTTLS refused: goes on in clear', async () => {
  const peer = await startScriptedPeer({
    offers: ['STARTTLS', '8BITMIME'],
    answer: (command) => (command === 'STARTTLS' ? '454 4.7.0 not now' : undefined),
  });
  const relay = relayTo(peer.port);
  const [result] = await relay.deliver(messageOf('caff\xe8\r\n'), ordinary);
  assert.equal(result?.outcome, 'delivered');
  assert.equal(peer.sessions.length, 1);
  await relay.close();
  await peer.close();
});

test('a session opened for ordinary mail is never used for certified mail', async () => {
  const peer = await startRealPeer(makeAuthority('Nobody').issue(['DNS:localhost']));
  const relay = relayTo(peer.port, { ca: [authority.cert] });
  const [first] = await relay.deliver(messageOf('x\r\n'), ordinary);
  const [second] = await relay.deliver(messageOf('x\r\n'), certified);
  assert.deepEqual([first?.outcome, second?.outcome], ['delivered', 'temporary']);
  await relay.close();
  await peer.close();
});
