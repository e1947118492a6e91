/** A plain web server on loopback whose answers the test decides, one by one. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { TestContext } from 'node:test';

export type WebAnswer = (response: ServerResponse, request: IncomingMessage) => void;

export interface WebServer {
  /** Without a slash at the end. */
  readonly origin: string;
  /** By path; bytes are answered with 200, what is not there with 404. */
  readonly pages: Map<string, Uint8Array | WebAnswer>;
  /** `GET /path`, as they came. */
  readonly asked: string[];
  /** What was posted last. */
  posted: { readonly type: string | undefined; readonly bytes: Buffer } | undefined;
}

export async function startWebServer(t: Pick<TestContext, 'after'>): Promise<WebServer> {
  const pages: WebServer['pages'] = new Map();
  const asked: string[] = [];
  const listener = createServer(async (request, response) => {
    const path = request.url ?? '';
    asked.push(`${request.method} ${path}`);
    if (request.method === 'POST')
      web.posted = { type: request.headers['content-type'], bytes: await buffer(request) };
    const page = pages.get(path);
    if (page === undefined) response.writeHead(404).end();
    else if (typeof page === 'function') page(response, request);
    else response.end(page);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    listener.closeAllConnections();
    listener.close();
  });
  const origin = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  const web: WebServer = { origin, pages, asked, posted: undefined };
  return web;
}
