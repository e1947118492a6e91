import assert from 'node:assert/strict';
import { createSign, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { sizeOf } from '../../../src/lib/segments.ts';
import type { OutgoingMessage, Relay } from '../../../src/relay/relay.ts';
import { createSigningRelay } from '../../../src/relay/signing-relay.ts';
import { certified, messageOf, ordinary, readInline } from '../../support/relays.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const envelope = [
  'Received: from pc',
  'From: "Per conto di: mario@alfa.test" <posta-certificata@alfa.test>',
  'To: luigi@example.com',
  '',
  'x'.repeat(70),
  ...new Array<string>(40).fill('corpo '.repeat(10)),
  '',
].join('\r\n');

/** A relay that keeps what it is given, behind the one under test; and how often the key was used. */
function openRelay() {
  const taken: OutgoingMessage[] = [];
  const inner: Relay = {
    deliver: async (message) => {
      taken.push(message);
      return message.recipients.map((recipient) => ({
        recipient,
        outcome: 'delivered' as const,
        code: 250,
        enhanced: '2.0.0',
        text: 'ok',
      }));
    },
    close: async () => undefined,
  };
  const used = { times: 0, fails: false };
  const sign = async (tbs: Uint8Array) => {
    used.times++;
    if (used.fails) throw new Error('key away');
    return createSign('sha256').update(tbs).sign(privateKey);
  };
  const key = { domain: 'alfa.test', selector: 'pec', sign };
  const relay = createSigningRelay({ relay: inner, key, read: readInline, clock: () => 1_795_000_000_000 });
  return { relay, taken, used };
}

test('what goes to an ordinary server begins with its signature, and is otherwise the same', async () => {
  const { relay, taken } = openRelay();
  const message = messageOf(envelope);
  await relay.deliver(message, ordinary);
  const [sent] = taken;
  const [field, ...rest] = sent?.content ?? [];
  assert.match(
    Buffer.from(field as Uint8Array).toString('latin1'),
    /^DKIM-Signature: [\s\S]+ d=alfa\.test;[\s\S]+\r\n$/,
  );
  assert.deepEqual(rest, message.content);
  assert.equal(sent?.size, sizeOf(sent?.content ?? []));
});

test('what goes to a provider, and what is not ours, goes as it is', async () => {
  const { relay, taken, used } = openRelay();
  const message = messageOf(envelope);
  await relay.deliver(message, certified);
  const forwarded = messageOf('From: x@example.org\r\nSubject: x\r\n\r\ncorpo\r\n');
  await relay.deliver(forwarded, ordinary);
  const nobody = messageOf('Subject: senza mittente\r\n\r\ncorpo\r\n');
  await relay.deliver(nobody, ordinary);
  assert.deepEqual(taken, [message, forwarded, nobody]);
  assert.equal(used.times, 0);
});

test('servers and attempts share one signature; another message has its own', async () => {
  const { relay, taken, used } = openRelay();
  await Promise.all([1, 2, 3].map(() => relay.deliver(messageOf(envelope), ordinary)));
  assert.equal(used.times, 1);
  assert.equal(new Set(taken.map(({ content }) => Buffer.from(content[0] as Uint8Array).toString())).size, 1);
  await relay.deliver(messageOf(`${envelope}altro`), ordinary);
  assert.equal(used.times, 2);
});

test('with the key away nothing leaves, and the next attempt signs', async () => {
  const { relay, taken, used } = openRelay();
  used.fails = true;
  const [result] = await relay.deliver(messageOf(envelope), ordinary);
  assert.equal(result?.outcome, 'temporary');
  assert.match(result?.text ?? '', /DKIM/);
  assert.deepEqual(taken, []);
  used.fails = false;
  const [again] = await relay.deliver(messageOf(envelope), ordinary);
  assert.equal(again?.outcome, 'delivered');
});
