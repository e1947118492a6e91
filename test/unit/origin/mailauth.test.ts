import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createPemSign } from '../../../src/keys/pem.ts';
import { isInline } from '../../../src/lib/segments.ts';
import type { OriginResults } from '../../../src/mime/authentication-results.ts';
import { parseHeaderBlock } from '../../../src/mime/header.ts';
import { createMailauthCheck } from '../../../src/origin/mailauth.ts';
import { buildDkimRecord, makeDkimKey } from '../../../src/pki/dkim-key.ts';
import type { OutgoingMessage } from '../../../src/relay/relay.ts';
import { createSigningRelay } from '../../../src/relay/signing-relay.ts';
import { chunked } from '../../support/point-parts.ts';
import { messageOf, ordinary, readInline } from '../../support/relays.ts';
import { startTestDns, type TestDns } from '../../support/test-dns.ts';

const keyPem = await makeDkimKey();
const { name, value } = buildDkimRecord(keyPem, 'pec', 'example.com');
let dns: TestDns;

before(async () => {
  dns = await startTestDns({
    'example.com': [
      { type: 'TXT', text: 'v=spf1 ip4:192.0.2.25 -all' },
      { type: 'MX', preference: 1, exchange: 'mx.example.com' },
    ],
    [name]: [{ type: 'TXT', text: value }],
    '_dmarc.example.com': [{ type: 'TXT', text: 'v=DMARC1; p=reject' }],
    'broken.example.com': 'SERVFAIL',
    'silent.example.com': 'SILENT',
    '_dmarc.silent.example.com': 'SILENT',
    com: [],
    '_dmarc.com': 'NXDOMAIN',
  });
});
after(() => dns.close());

const text = 'From: x@example.com\r\nTo: anna@alfa.test\r\nSubject: a\r\n\r\nBuongiorno\r\n';

async function sign(message: string): Promise<Buffer> {
  const sent: OutgoingMessage[] = [];
  const deliver = async (outgoing: OutgoingMessage) => {
    sent.push(outgoing);
    return [];
  };
  const key = { domain: 'example.com', selector: 'pec', sign: createPemSign(keyPem) };
  const inner = { deliver, close: async () => undefined };
  const relay = createSigningRelay({ relay: inner, key, read: readInline, clock: Date.now });
  await relay.deliver(messageOf(message), ordinary);
  return Buffer.concat(sent[0]?.content.filter(isInline) ?? []);
}

interface Asked {
  readonly address?: string;
  readonly reversePath?: string;
  readonly timeoutMs?: number;
}

function check(message: Uint8Array, asked: Asked = {}): Promise<OriginResults> {
  const { address = '192.0.2.25', reversePath = 'x@example.com', timeoutMs = 8000 } = asked;
  const options = { hostname: 'mx.alfa.test', servers: [dns.server], timeoutMs, dnsTimeoutMs: 1000 };
  return createMailauthCheck(options).check({
    address,
    helo: 'mx.example.com',
    reversePath,
    header: parseHeaderBlock(message),
    message: chunked(message, 100),
  });
}

test('a message from where it says passes in all three', async () => {
  assert.deepEqual(await check(await sign(text)), {
    spf: { result: 'pass', domain: 'example.com' },
    dkim: [{ result: 'pass', domain: 'example.com', selector: 'pec' }],
    dmarc: { result: 'pass', domain: 'example.com', policy: 'reject' },
  });
});

test('altered, and from elsewhere, it fails in all three', async () => {
  const altered = Buffer.from((await sign(text)).toString('latin1').replace('Buongiorno', 'Buonanotte'));
  const { spf, dkim, dmarc } = await check(altered, { address: '198.51.100.1' });
  assert.deepEqual([spf.result, dkim.map(({ result }) => result), dmarc.result], ['fail', ['fail'], 'fail']);
});

test('without signature and records there is nothing to say', async () => {
  const plain = Buffer.from(text.replace('x@example.com', 'x@nessuno.example.org'));
  const { spf, dkim, dmarc } = await check(plain, { reversePath: 'x@nessuno.example.org' });
  assert.deepEqual([spf.result, dkim, dmarc.result], ['none', [], 'none']);
});

test('a DNS that fails or is silent gives temperror, and in time', async () => {
  const plain = Buffer.from(text);
  assert.equal((await check(plain, { reversePath: 'x@broken.example.com' })).spf.result, 'temperror');
  const silent = await check(plain, { reversePath: 'x@silent.example.com', timeoutMs: 50 });
  assert.deepEqual([silent.spf.result, silent.dmarc.result], ['temperror', 'temperror']);
});

test('a message with a hundred signatures is not hashed a hundred times', async () => {
  const [field = ''] = (await sign(text)).toString('latin1').split('From: x@');
  const { spf, dkim, dmarc } = await check(Buffer.from(field.repeat(100) + text));
  assert.deepEqual(
    [spf.result, dkim.map(({ result }) => result), dmarc.result],
    ['pass', ['policy'], 'permerror'],
  );
});
