import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createHttpClient } from '../../../src/trust/http.ts';
import { WebError, type WebRequest } from '../../../src/trust/web-client.ts';
import { startWebServer, type WebAnswer } from '../../support/web-server.ts';

const web = createHttpClient();
const limits = { maxBytes: 1000, timeoutMs: 5000 };

const redirectTo =
  (location: string): WebAnswer =>
  (response) =>
    response.writeHead(302, { location }).end('elsewhere');

describe('the web client', () => {
  it('gives the body of the answer', async (t) => {
    const { origin, pages } = await startWebServer(t);
    pages.set('/a.crl', Buffer.from([0x30, 0x00, 0xff, 0x0d, 0x0a]));
    assert.deepEqual(
      Buffer.from(await web({ url: `${origin}/a.crl`, ...limits })).toString('hex'),
      '3000ff0d0a',
    );
  });

  it('posts with type and length', async (t) => {
    const server = await startWebServer(t);
    server.pages.set('/ocsp', Buffer.from('answer'));
    const body = { type: 'application/ocsp-request', bytes: Buffer.from('question') };
    const answer = await web({ url: `${server.origin}/ocsp`, body, ...limits });
    assert.equal(Buffer.from(answer).toString(), 'answer');
    assert.deepEqual(server.posted, body);
  });

  it('follows redirects, a few', async (t) => {
    const { origin, pages, asked } = await startWebServer(t);
    pages.set('/1', redirectTo('/2'));
    pages.set('/2', redirectTo(`${origin}/3`));
    pages.set('/3', Buffer.from('here'));
    assert.equal(Buffer.from(await web({ url: `${origin}/1`, ...limits })).toString(), 'here');
    pages.set('/round', redirectTo('/round'));
    await assert.rejects(web({ url: `${origin}/round`, ...limits }), /more than 3 redirects/);
    assert.equal(asked.filter((each) => each === 'GET /round').length, 4);
  });

  const wrongs: Record<string, [WebAnswer, Partial<WebRequest>, RegExp]> = {
    'another status': [(response) => response.writeHead(503).end(), {}, /status 503/],
    'a redirect to no web address': [redirectTo('file:///etc/passwd'), {}, /no web address/],
    'a redirect of what was posted': [
      redirectTo('/elsewhere'),
      { body: { type: 'x/y', bytes: Buffer.from('q') } },
      /what was posted/,
    ],
    'more bytes than allowed': [(response) => response.end(Buffer.alloc(1001)), {}, /more than 1000 bytes/],
    'bytes without end': [
      (response) => {
        const timer = setInterval(() => response.write(Buffer.alloc(400)), 1);
        response.on('close', () => clearInterval(timer));
      },
      {},
      /more than 1000 bytes/,
    ],
    'a transfer that breaks off': [
      (response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half', () => response.destroy());
      },
      {},
      /127\.0\.0\.1/,
    ],
    'a server that dribbles': [
      (response) => void response.write('x'),
      { timeoutMs: 60 },
      /no answer within 60 ms/,
    ],
    'a server that is silent': [() => undefined, { timeoutMs: 60 }, /no answer within 60 ms/],
  };
  for (const [name, [answer, changes, reason]] of Object.entries(wrongs))
    it(`rejects ${name}`, async (t) => {
      const { origin, pages } = await startWebServer(t);
      pages.set('/', answer);
      await assert.rejects(
        web({ url: `${origin}/`, ...limits, ...changes }),
        (error) => error instanceof WebError && reason.test(error.message),
      );
    });

  it('rejects where nobody listens', async () => {
    await assert.rejects(web({ url: 'http://127.0.0.1:1/', ...limits }), WebError);
  });
});
