/** Our DKIM signatures, judged by dkimpy: over real envelopes, and over bodies with every oddity of white space. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPemSign } from '../../src/keys/pem.ts';
import { isInline } from '../../src/lib/segments.ts';
import { buildDkimRecord, makeDkimKey } from '../../src/pki/dkim-key.ts';
import type { OutgoingMessage } from '../../src/relay/relay.ts';
import { createSigningRelay } from '../../src/relay/signing-relay.ts';
import { buildEnvelope } from '../support/arrivals.ts';
import { verifyDkim } from '../support/dkim-verifier.ts';
import { openPoints } from '../support/point-parts.ts';
import { messageOf, ordinary, readInline } from '../support/relays.ts';

const keyPem = await makeDkimKey();
const domain = 'beta.test';
const record = buildDkimRecord(keyPem, 'pec', domain);

const verifies = (message: Uint8Array) => verifyDkim(message, record);

async function sign(text: string): Promise<Buffer> {
  const sent: OutgoingMessage[] = [];
  const relay = createSigningRelay({
    relay: {
      deliver: async (message) => {
        sent.push(message);
        return [];
      },
      close: async () => undefined,
    },
    key: { domain, selector: 'pec', sign: createPemSign(keyPem) },
    read: readInline,
    clock: Date.now,
  });
  await relay.deliver(messageOf(text), ordinary);
  return Buffer.concat(sent[0]?.content.filter(isInline) ?? []);
}

test('a transport envelope verifies, and does not with one byte changed or one field added', async (t) => {
  const points = await openPoints(t);
  const envelope = await buildEnvelope(points, { to: ['x@example.com'] });
  const signed = await sign(envelope.toString('latin1'));
  assert.ok(signed.subarray(-envelope.length).equals(envelope));
  assert.ok(verifies(signed));
  const text = signed.toString('latin1');
  const broken = [
    text.replace('Buongiorno', 'Buonanotte'),
    text.replace('POSTA CERTIFICATA', 'POSTA ORDINARIA'),
    text.replace('X-Trasporto: posta-certificata', 'X-Trasporto: errore'),
    text.replace(/^From: /m, 'From: altro@example.com\r\nFrom: '),
  ];
  for (const changed of broken) {
    assert.notEqual(changed, text);
    assert.ok(!verifies(Buffer.from(changed, 'latin1')));
  }
});

const head = `From: posta-certificata@${domain}\r\nTo:\tx@example.com\r\nSubject: a\r\n\t b  \xe8 \r\n\r\n`;
const bodies = [
  '',
  '\r\n',
  ' \r\n\r\n',
  'a',
  'a \t b \r\n\r\n\r\n',
  '\r\n\r\n a\r\n \r\nb',
  '\xe8\t\r\n',
  `${'x '.repeat(5000)}\r\n`,
];

for (const body of bodies)
  test(`a body verifies: ${JSON.stringify(body.slice(0, 30))}`, async () => {
    assert.ok(verifies(await sign(head + body)));
  });
