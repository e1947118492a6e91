/**
 * The web by node:http and node:https: size and time limited whatever the server does, a few redirects followed,
 * nothing kept open.
 */
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { type WebClient, WebError, type WebRequest } from './web-client.ts';

const mostRedirects = 3;

/** `stopping`: breaks off what is under way, when the provider stops. */
export function createHttpClient(stopping?: AbortSignal): WebClient {
  return (request) => {
    const timeout = AbortSignal.timeout(request.timeoutMs);
    return fetchFollowing(request, stopping === undefined ? timeout : AbortSignal.any([timeout, stopping]));
  };
}

async function fetchFollowing(request: WebRequest, signal: AbortSignal): Promise<Uint8Array> {
  let url = request.url;
  try {
    for (let redirects = 0; redirects <= mostRedirects; redirects++) {
      const answer = await exchange({ ...request, url }, signal);
      if (!('location' in answer)) return answer.bytes;
      if (request.body !== undefined) throw new WebError(`${url}: sends elsewhere what was posted`);
      url = resolveLocation(answer.location, url);
    }
    throw new WebError(`${request.url}: more than ${mostRedirects} redirects`);
  } catch (error) {
    if (error instanceof WebError) throw error;
    const reason = signal.aborted ? `no answer within ${request.timeoutMs} ms` : (error as Error).message;
    throw new WebError(`${url}: ${reason}`, error);
  }
}

function resolveLocation(location: string, from: string): string {
  const target = URL.canParse(location, from) ? new URL(location, from) : undefined;
  if (target === undefined || !/^https?:$/.test(target.protocol))
    throw new WebError(`${from}: sends to "${location.slice(0, 100)}", which is no web address`);
  return target.href;
}

type Answer = { readonly bytes: Uint8Array } | { readonly location: string };

function exchange({ url, body, maxBytes }: WebRequest, signal: AbortSignal): Promise<Answer> {
  const request = url.startsWith('https:') ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      signal,
      agent: false,
      method: body === undefined ? 'GET' : 'POST',
      headers: body === undefined ? {} : { 'content-type': body.type, 'content-length': body.bytes.length },
    });
    const fail = (error: Error) => {
      outgoing.destroy();
      reject(error);
    };
    outgoing.on('error', fail);
    outgoing.on('response', (response) => {
      const { statusCode = 0 } = response;
      const { location } = response.headers;
      if ([301, 302, 303, 307, 308].includes(statusCode) && location !== undefined) {
        response.destroy();
        resolve({ location });
      } else if (statusCode === 200)
        readBody(response, { url, maxBytes }).then((bytes) => resolve({ bytes }), fail);
      else fail(new WebError(`${url}: status ${statusCode}`));
    });
    outgoing.end(body?.bytes);
  });
}

/** A connection cut in the middle rejects; it never gives half a body. */
async function readBody(
  response: IncomingMessage,
  { url, maxBytes }: { readonly url: string; readonly maxBytes: number },
): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new WebError(`${url}: more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  if (!response.complete) throw new WebError(`${url}: the transfer broke off`);
  return Buffer.concat(chunks);
}
