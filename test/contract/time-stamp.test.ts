/** The time-stamp seam over the local authority, over HTTP and over the failing double; what an authority that errs must cause. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { MailError } from '../../src/lib/mail-error.ts';
import { buildToken } from '../../src/tsa/build-token.ts';
import { createFailingAuthority } from '../../src/tsa/fail.ts';
import { localPolicy } from '../../src/tsa/local.ts';
import { sha256Imprint } from '../../src/tsa/message-imprint.ts';
import { readRequest } from '../../src/tsa/request.ts';
import { startResponder } from '../../src/tsa/responder.ts';
import { buildGranted, buildRejection } from '../../src/tsa/response.ts';
import { createHttpAuthority } from '../../src/tsa/rfc3161.ts';
import type { TimeStampAuthority } from '../../src/tsa/time-stamp.ts';
import { digest, openAuthority, stampedAt, stampSigner, stampTrust } from '../unit/tsa/stamper.ts';
import { testAuthority } from './time-stamp-suite.ts';

type Answer = (request: Uint8Array) => Promise<Uint8Array>;

async function openOverHttp(t: TestContext, answer: Answer = openAuthority().answer, policy?: string) {
  const responder = await startResponder({ answer, host: '127.0.0.1', port: 0 });
  t.after(() => responder.close());
  return openHttp(`http://127.0.0.1:${responder.port}/tsa`, policy);
}

function openHttp(url: string, policy?: string) {
  return createHttpAuthority({
    name: 'remota',
    url,
    trust: () => stampTrust,
    clock: () => stampedAt,
    timeoutMs: 2000,
    ...(policy === undefined ? {} : { policy }),
  });
}

testAuthority('local', () => openAuthority());
testAuthority('HTTP', (t) => openOverHttp(t));
testAuthority('failing double, healthy', () => createFailingAuthority(openAuthority()));

/** That asking ends in MailError `temporary` with a reason. */
async function assertNoStamp(authority: TimeStampAuthority, reason: RegExp) {
  await assert.rejects(authority.stamp(digest), (error: unknown) => {
    assert.ok(error instanceof MailError && error.kind === 'temporary', String(error));
    assert.match(error.message, reason);
    return true;
  });
}

describe('time-stamp authority: failing double', () => {
  it('gives no stamp, as often as told, then stamps', async () => {
    const authority = createFailingAuthority(openAuthority());
    authority.failNext(1);
    await assertNoStamp(authority, /prova gave no stamp/);
    assert.ok((await authority.stamp(digest)).length > 0);
    authority.failNext();
    await assertNoStamp(authority, /told to fail/);
    await assertNoStamp(authority, /told to fail/);
    authority.heal();
    assert.ok((await authority.stamp(digest)).length > 0);
    assert.equal(authority.asked, 5);
  });
});

describe('time-stamp authority over HTTP that errs', () => {
  const granting =
    (change: (info: Parameters<typeof buildToken>[0]['info']) => object): Answer =>
    async (der) => {
      const request = readRequest(der);
      assert.ok(request?.nonce !== undefined && request.withCertificates);
      const info = {
        policy: localPolicy,
        imprint: request.imprint,
        serialNumber: Buffer.from([1]),
        time: stampedAt,
        nonce: request.nonce,
      };
      const changed = { ...info, ...change(info) };
      return buildGranted(await buildToken({ info: changed, signer: stampSigner, withCertificates: true }));
    };
  const cases: [string, Answer, RegExp][] = [
    [
      'says no',
      async () => buildRejection('timeNotAvailable', 'orologio fermo'),
      /timeNotAvailable, orologio fermo/,
    ],
    ['says nonsense', async () => Buffer.from('Hello'), /no time-stamp response/],
    ['says nothing', async () => Buffer.alloc(0), /no time-stamp response/],
    ['breaks', async () => Promise.reject(new Error('x')), /HTTP 500/],
    ['answers without end', async () => Buffer.alloc(300_000, 0x30), /too large/],
    ['replays', granting(() => ({ nonce: Buffer.from([7]) })), /nonce differs/],
    ['forgets the nonce', granting(() => ({ nonce: undefined })), /nonce differs/],
    [
      'stamps something else',
      granting(() => ({ imprint: sha256Imprint(Buffer.alloc(32)) })),
      /something else/,
    ],
    ['lives in the past', granting(() => ({ time: stampedAt - 700_000 })), /its clock says/],
    ['lives in the future', granting(() => ({ time: stampedAt + 700_000 })), /its clock says/],
    ['has expired', granting(() => ({ time: stampedAt + 5 * 365 * 86_400_000 })), /expired/],
  ];
  for (const [what, answer, reason] of cases)
    it(what, async (t) => assertNoStamp(await openOverHttp(t, answer), reason));

  it('has no such policy', async (t) => {
    await assertNoStamp(await openOverHttp(t, openAuthority().answer, '1.2.3.4'), /unacceptedPolicy/);
    const authority = await openOverHttp(t, openAuthority().answer, localPolicy);
    assert.ok((await authority.stamp(digest)).length > 0);
    const other = granting(() => ({ policy: '1.2.3.5' }));
    await assertNoStamp(await openOverHttp(t, other, localPolicy), /another policy/);
  });

  it('is not believed without its anchor', async (t) => {
    const responder = await startResponder({ answer: openAuthority().answer, host: '127.0.0.1', port: 0 });
    t.after(() => responder.close());
    const nobody = { anchors: [], intermediates: [], revocationLists: [] };
    const url = `http://127.0.0.1:${responder.port}/`;
    const options = { name: 'ignota', url, clock: () => stampedAt, timeoutMs: 2000 };
    await assertNoStamp(createHttpAuthority({ ...options, trust: () => nobody }), /chain does not lead/);
  });

  it('does not listen, or does not answer', async (t) => {
    const silent = createServer(() => undefined);
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    t.after(() => silent.closeAllConnections());
    const options = { name: 'muta', url: `http://127.0.0.1:${port}/`, clock: () => stampedAt };
    await assertNoStamp(
      createHttpAuthority({ ...options, trust: () => stampTrust, timeoutMs: 50 }),
      /no answer in 50 ms/,
    );
    silent.close();
    silent.closeAllConnections();
    await once(silent, 'close');
    await assertNoStamp(openHttp(`http://127.0.0.1:${port}/`), /ECONNREFUSED/);
  });
});

describe('time-stamp responder', () => {
  const post = (url: string, init: RequestInit) => fetch(url, { method: 'POST', ...init });
  it('takes nothing but requests', async (t) => {
    const responder = await startResponder({ answer: openAuthority().answer, host: '127.0.0.1', port: 0 });
    t.after(() => responder.close());
    const url = `http://127.0.0.1:${responder.port}/`;
    const headers = { 'content-type': 'application/timestamp-query' };
    assert.equal((await fetch(url)).status, 405);
    assert.equal((await post(url, { body: 'x' })).status, 415);
    assert.equal((await post(url, { headers, body: Buffer.alloc(100_000) })).status, 413);
    const answer = await post(url, { headers, body: 'x' });
    assert.equal(answer.headers.get('content-type'), 'application/timestamp-reply');
    assert.match(Buffer.from(await answer.arrayBuffer()).toString('latin1'), /no TimeStampReq/);
  });
});
