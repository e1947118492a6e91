/**
 * The web edge: HTTPS with the provider's TLS certificate, routes in `routes/`. It answers no more than it must: every
 * unknown thing alike, no stack trace, small bodies only, slow clients sent away.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
} from 'fastify';
import { tlsTerms } from '../edge/tls-terms.ts';
import { buildSecurityHeaders } from './headers.ts';
import { silentLog, type WebLog } from './log.ts';
import { addAppleProfile } from './routes/apple-profile.ts';
import { addAutoconfig } from './routes/autoconfig.ts';
import { addAutodiscover, autodiscoverPath } from './routes/autodiscover.ts';
import { addPublishedRecord } from './routes/published-record.ts';
import { answerNotFound, type RouteParts } from './routes/route.ts';
import { addWelcome } from './routes/welcome.ts';

export interface WebTls {
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
}

export interface WebServerOptions extends RouteParts {
  /** Asked at each connection: another object than before means that certificate or key were renewed. */
  readonly tls: () => WebTls;
  /** Whether browsers may be told to come by HTTPS only from now on. */
  readonly strictTransport: boolean;
  readonly connections: number;
  /** Of these, from one client address. */
  readonly connectionsPerAddress: number;
  readonly log?: WebLog;
}

export interface WebServer {
  /** Resolves with what was bound. @throws {Error} when the port cannot be had. */
  listen(port: number, host: string): Promise<{ readonly address: string; readonly port: number }>;
  /** Takes no more requests; those under way get `graceMs`. */
  close(graceMs: number): Promise<void>;
}

const patience = {
  headersTimeout: 15_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 5_000,
};
const largestBody = 64 * 1024;
/** The longest address (RFC 5321 §4.5.3.1), percent-encoded, with a suffix. */
const longestParameter = 1024;

export async function createWebServer(options: WebServerOptions): Promise<WebServer> {
  const log = options.log ?? silentLog;
  const app = fastify({
    serverFactory: (handler) => createTlsServer(options, log, handler),
    bodyLimit: largestBody,
    routerOptions: { maxParamLength: longestParameter },
    rewriteUrl: ({ url = '/' }) => lowerAutodiscover(url),
    forceCloseConnections: 'idle',
    return503OnClosing: true,
  });
  prepareAnswers(app, options, log);
  for (const add of [addWelcome, addAutoconfig, addAutodiscover, addAppleProfile, addPublishedRecord])
    add(app, options);
  await app.ready();
  return {
    async listen(port, host) {
      await app.listen({ port, host });
      const { address, port: bound } = app.server.address() as AddressInfo;
      return { address, port: bound };
    },
    async close(graceMs) {
      const deadline = setTimeout(() => app.server.closeAllConnections(), graceMs);
      await app.close();
      clearTimeout(deadline);
    },
  };
}

type Handler = Parameters<typeof createServer>[1];

function createTlsServer(options: WebServerOptions, log: WebLog, handler: Handler): Server {
  let inUse = options.tls();
  const server = createServer({ ...toContext(inUse), ...patience, ALPNProtocols: ['http/1.1'] }, handler);
  server.maxConnections = options.connections;
  const fromAddress = new Map<string, number>();
  // Before the handshake of this connection begins.
  server.prependListener('connection', (socket: Socket) => {
    if (!countIn(fromAddress, socket, options.connectionsPerAddress)) socket.destroy();
    const now = options.tls();
    if (now === inUse) return;
    inUse = now;
    server.setSecureContext(toContext(now));
  });
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    log.tlsFailed({ client: socket.remoteAddress ?? '', reason: error.code ?? error.message });
  });
  return server;
}

/** False when the address has too many connections open. */
function countIn(open: Map<string, number>, socket: Socket, limit: number): boolean {
  const { remoteAddress: address = '' } = socket;
  const count = (open.get(address) ?? 0) + 1;
  open.set(address, count);
  socket.once('close', () => {
    const left = (open.get(address) ?? 1) - 1;
    if (left === 0) open.delete(address);
    else open.set(address, left);
  });
  return count <= limit;
}

function toContext({ certificatePem, keyPem, minVersion }: WebTls) {
  return { cert: certificatePem, key: keyPem, ...tlsTerms(minVersion) };
}

/** Mail programs write this path in every case there is; all others count as they are. */
function lowerAutodiscover(url: string): string {
  const [path = '', ...query] = url.split('?');
  return path.toLowerCase() === autodiscoverPath ? [autodiscoverPath, ...query].join('?') : url;
}

function prepareAnswers(app: FastifyInstance, options: WebServerOptions, log: WebLog): void {
  const headers = buildSecurityHeaders(options.strictTransport);
  app.removeAllContentTypeParsers();
  // Programs name the type of their XML as they like; routes get text and read out of it what they need.
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(headers);
  });
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request;
    log.answered({
      method,
      route: routeOptions.url ?? 'none',
      status: reply.statusCode,
      milliseconds: Math.round(reply.elapsedTime),
    });
  });
  app.setNotFoundHandler(async (_request, reply) => answerNotFound(reply));
  app.setErrorHandler((error: FastifyError, request, reply) => answerError(error, { request, reply, log }));
}

interface Failing {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly log: WebLog;
}

/** What the client did wrong is told in its own code; what we did wrong only by an id. */
function answerError(error: FastifyError, { request, reply, log }: Failing): FastifyReply {
  const { statusCode = 500 } = error;
  const plain = (code: number, text: string) => reply.code(code).type('text/plain; charset=utf-8').send(text);
  if (statusCode === 413) return plain(413, 'Richiesta troppo grande. The request is too large.\n');
  if (statusCode >= 400 && statusCode < 500) return plain(400, 'Richiesta non valida. Bad request.\n');
  const id = randomUUID().slice(0, 8);
  log.bug({ id, route: request.routeOptions.url ?? 'none', error });
  return plain(500, `Errore interno ${id}. Internal error ${id}: try again, or tell support this number.\n`);
}
