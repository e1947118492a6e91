/**
 * Ports for servers that cannot say which one the system gave them. They lie below the range that outgoing
 * connections get their ports from, so that between the looking and the binding nobody takes them by chance.
 */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const lowest = 10_000;
const beyond = 32_000;

/** `count` different ports on loopback that nothing uses now. */
export async function findFreePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = randomInt(lowest, beyond);
    if (!found.has(port) && (await isFree(port))) found.add(port);
  }
  return [...found];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
