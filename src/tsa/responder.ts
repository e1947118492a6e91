/** The HTTP side of an authority (RFC 3161 §3.4): POST a TimeStampReq, get a TimeStampResp. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ResponderOptions {
  /** What turns a request into a response, DER both. */
  readonly answer: (request: Uint8Array) => Promise<Uint8Array>;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

export interface Responder {
  readonly port: number;
  close(): Promise<void>;
}

const largestRequest = 64 * 1024;

/** Listens when it resolves. */
export async function startResponder({ answer, host, port }: ResponderOptions): Promise<Responder> {
  const server = createServer((request, response) => {
    respond(answer, request, response).catch(() => end(response, 500));
  });
  server.requestTimeout = 10_000;
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function respond(
  answer: ResponderOptions['answer'],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'POST') return end(response, 405);
  if (request.headers['content-type'] !== 'application/timestamp-query') return end(response, 415);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestRequest) return end(response, 413);
    chunks.push(chunk);
  }
  const reply = await answer(Buffer.concat(chunks));
  response.writeHead(200, { 'content-type': 'application/timestamp-reply', 'content-length': reply.length });
  response.end(reply);
}

function end(response: ServerResponse, status: number): void {
  if (!response.headersSent) response.writeHead(status);
  response.end();
}
