/**
 * The index from an HTTPS server (RFC 6109 §4.5), with a client certificate where the server asks for one.
 * One request, no redirects, size and time limited, whatever the server does.
 */
import { request } from 'node:https';
import { IndexError } from './index-error.ts';
import { type IndexSource, largestIndex } from './index-source.ts';

export interface HttpsSourceOptions {
  /** `https:` only. */
  readonly url: string;
  /** PEM; the system's authorities when absent. */
  readonly ca?: string;
  readonly client?: { readonly certificatePem: string; readonly keyPem: string };
  /** For the whole transfer; 60,000 by default. */
  readonly timeoutMs?: number;
  /** Breaks off what is under way, when the provider stops. */
  readonly stopping?: AbortSignal;
  /** Bytes; `largestIndex` by default. */
  readonly maxBytes?: number;
}

/** @throws {IndexError} when the address is not `https:`. */
export function createHttpsSource(options: HttpsSourceOptions): IndexSource {
  if (!URL.canParse(options.url) || new URL(options.url).protocol !== 'https:')
    throw new IndexError(`"${options.url}" is not an https address`);
  return { name: options.url, fetch: () => fetchOnce(options) };
}

async function fetchOnce(options: HttpsSourceOptions): Promise<Uint8Array> {
  const timeoutMs = options.timeoutMs ?? 60_000;
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const { stopping } = options;
    return await get(options, stopping === undefined ? timeout : AbortSignal.any([timeout, stopping]));
  } catch (error) {
    if (error instanceof IndexError) throw error;
    const isTimeout = error instanceof Error && error.name === 'TimeoutError';
    const reason = isTimeout ? `no answer within ${timeoutMs} ms` : (error as Error).message;
    throw new IndexError(`${options.url}: ${reason}`, error);
  }
}

function get(options: HttpsSourceOptions, signal: AbortSignal): Promise<Uint8Array> {
  const { url, ca, client, maxBytes = largestIndex } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      signal,
      agent: false,
      minVersion: 'TLSv1.2',
      headers: { accept: 'application/pkcs7-mime, application/octet-stream;q=0.9, */*;q=0.1' },
      ...(ca === undefined ? {} : { ca }),
      ...(client === undefined ? {} : { cert: client.certificatePem, key: client.keyPem }),
    });
    const fail = (error: Error) => {
      outgoing.destroy();
      // `AbortSignal.timeout` aborts with its own reason, which says more than the socket's error.
      reject(signal.aborted ? signal.reason : error);
    };
    outgoing.on('error', fail);
    outgoing.on('response', (response) => {
      response.on('error', fail);
      if (response.statusCode !== 200) return fail(new IndexError(`${url}: status ${response.statusCode}`));
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxBytes) fail(new IndexError(`${url}: more than ${maxBytes} bytes`));
        else chunks.push(chunk);
      });
      // A connection cut in the middle ends with an error or with `complete` false, never with half an index.
      response.on('end', () => {
        if (response.complete) resolve(Buffer.concat(chunks));
        else fail(new IndexError(`${url}: the transfer broke off`));
      });
    });
    outgoing.end();
  });
}
