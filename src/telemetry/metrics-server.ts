/** `GET /metrics` for Prometheus and `GET /health` for load balancers, in plain HTTP; meant for loopback. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ProviderMetrics } from './provider-metrics.ts';

export interface MetricsServer {
  /** Resolves with what was bound. @throws {Error} when the port cannot be had. */
  listen(port: number, host: string): Promise<{ readonly address: string; readonly port: number }>;
  close(): Promise<void>;
}

export function createMetricsServer(metrics: ProviderMetrics): MetricsServer {
  const server: Server = createServer((request, response) => {
    const known = request.method === 'GET' && (request.url === '/metrics' || request.url === '/health');
    const body = request.url === '/metrics' ? metrics.render() : 'ok\n';
    response.setHeader('Content-Type', 'text/plain; version=0.0.4; charset=utf-8');
    response.writeHead(known ? 200 : 404).end(known ? body : 'Ask for /metrics or /health.\n');
  });
  return {
    async listen(port, host) {
      server.listen(port, host);
      await once(server, 'listening');
      const { address, port: bound } = server.address() as AddressInfo;
      return { address, port: bound };
    },
    async close() {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
