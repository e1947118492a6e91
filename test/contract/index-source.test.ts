/** The index seam over a file, over HTTPS and over the failing double. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openDailyCopies } from '../../src/provider-index/daily-copies.ts';
import { createFailingSource } from '../../src/provider-index/fail.ts';
import { createFileSource } from '../../src/provider-index/file.ts';
import { createHttpsSource, type HttpsSourceOptions } from '../../src/provider-index/https.ts';
import { IndexError } from '../../src/provider-index/index-error.ts';
import { buildIndex } from '../../src/provider-index/index-ldif.ts';
import { openRefreshingIndex } from '../../src/provider-index/refreshing-index.ts';
import { makeFolder } from '../support/folder.ts';
import { makeAuthority } from '../support/test-tls.ts';
import { issuedAt } from '../unit/pki/authority.ts';
import { alfa, beta } from '../unit/provider-index/providers.ts';
import { policy, signIndex, testIndexSource, trust } from './index-source-suite.ts';

const authority = makeAuthority('Indice di prova');
const server = authority.issue(['DNS:localhost']);
const client = authority.issue(['DNS:gestore.test']);

type Answer = (response: ServerResponse) => void;

/** An HTTPS server on loopback that answers as `answer.current` says. */
async function serve(t: TestContext, asksForClient = false) {
  const answer: { current: Answer } = { current: (response) => response.writeHead(404).end() };
  const options = { key: server.key, cert: server.cert, ca: authority.cert };
  const listener = createServer({ ...options, requestCert: asksForClient }, (_, response) =>
    answer.current(response),
  );
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    listener.closeAllConnections();
    listener.close();
  });
  const url = `https://localhost:${(listener.address() as AddressInfo).port}/indice.ldif.p7m`;
  const open = (more: Partial<HttpsSourceOptions> = {}) =>
    createHttpsSource({ url, ca: authority.cert, ...more });
  return { answer, url, open };
}

testIndexSource('file', async (t) => {
  const path = join(makeFolder(t), 'indice.ldif.p7m');
  return {
    source: createFileSource(path),
    publish: async (bytes) =>
      bytes === undefined ? rmSync(path, { force: true }) : writeFileSync(path, bytes),
  };
});

testIndexSource('https', async (t) => {
  const { answer, open } = await serve(t);
  return {
    source: open(),
    publish: async (bytes) => {
      answer.current = (response) =>
        bytes === undefined ? response.writeHead(503).end() : response.end(bytes);
    },
  };
});

describe('index source: https', () => {
  const cases: Record<string, [Answer, Partial<HttpsSourceOptions>, RegExp]> = {
    'another status': [(response) => response.writeHead(403).end(), {}, /status 403/],
    'a redirect, which is not followed': [
      (response) => response.writeHead(302, { location: 'https://localhost/' }).end(),
      {},
      /status 302/,
    ],
    'more bytes than allowed': [
      (response) => response.end(Buffer.alloc(2000)),
      { maxBytes: 1999 },
      /more than 1999/,
    ],
    'a transfer that breaks off': [
      (response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half', () => response.destroy());
      },
      {},
      /./,
    ],
    'a server that never answers': [() => undefined, { timeoutMs: 50 }, /no answer within 50 ms/],
    'a server that dribbles': [
      (response) => {
        response.write('x');
      },
      { timeoutMs: 50 },
      /no answer within 50 ms/,
    ],
  };
  for (const [name, [how, options, reason]] of Object.entries(cases))
    it(`rejects for ${name}`, async (t) => {
      const { answer, open } = await serve(t);
      answer.current = how;
      await assert.rejects(
        open(options).fetch(),
        (error) => error instanceof IndexError && reason.test(error.message),
      );
    });

  it('rejects a server its authority does not vouch for', async (t) => {
    const { url } = await serve(t);
    const stranger = makeAuthority('Sconosciuta');
    await assert.rejects(createHttpsSource({ url, ca: stranger.cert }).fetch(), IndexError);
  });

  it('takes no address but https', () => {
    assert.throws(() => createHttpsSource({ url: 'http://localhost/' }), IndexError);
  });

  it('shows its client certificate where asked for one', async (t) => {
    const { answer, open } = await serve(t, true);
    answer.current = (response) => response.end('index');
    await assert.rejects(open().fetch(), IndexError);
    const bytes = await open({ client: { certificatePem: client.cert, keyPem: client.key } }).fetch();
    assert.equal(Buffer.from(bytes).toString(), 'index');
  });
});

describe('index over a source that is away', () => {
  it('keeps the last good copy, and an older one when that is damaged', async (t) => {
    const folder = makeFolder(t);
    const copies = openDailyCopies(folder);
    await copies.save(await signIndex([alfa], issuedAt), issuedAt);
    await copies.save(await signIndex([alfa, beta], issuedAt), issuedAt + 86_400_000);
    const clock = () => issuedAt + 5 * 86_400_000;
    const options = { source: createFailingSource(), copies, clock, trust: () => trust, policy };
    const index = await openRefreshingIndex(options);
    assert.equal((await index.refresh()).outcome, 'kept');
    assert.equal(index.current().fetchedAt, issuedAt + 86_400_000);
    assert.ok(index.current().providerOf('beta.test'));
    writeFileSync(join(folder, '2026-11-03.index'), 'torn');
    const older = await openRefreshingIndex(options);
    assert.equal(older.current().fetchedAt, issuedAt);
    assert.equal(older.current().providerOf('beta.test'), undefined);
  });
});

describe('index without a signature', () => {
  it('is taken only where the operator says so', async (t) => {
    const path = join(makeFolder(t), 'indice.ldif');
    writeFileSync(path, buildIndex([alfa]));
    const options = {
      source: createFileSource(path),
      copies: openDailyCopies(makeFolder(t)),
      clock: () => issuedAt,
      trust: () => trust,
      policy,
    };
    assert.equal((await (await openRefreshingIndex(options)).refresh()).outcome, 'kept');
    const trusting = await openRefreshingIndex({ ...options, acceptUnsigned: true });
    assert.equal((await trusting.refresh()).outcome, 'applied');
  });
});
