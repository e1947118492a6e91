/** Ports for the sandbox: the well-remembered ones when they are free, others when they are taken. */
import { createServer } from 'node:net';

const address = '127.0.0.1';

/** The preferred port if it can be bound on loopback now, else the next free one the system gives. */
export async function choosePort(preferred: number, taken: ReadonlySet<number>): Promise<number> {
  if (!taken.has(preferred) && (await tryPort(preferred)) !== undefined) return preferred;
  for (;;) {
    const port = await tryPort(0);
    if (port === undefined)
      throw new Error('No free TCP port on 127.0.0.1: close some programs and try again.');
    if (port > 1024 && !taken.has(port)) return port;
  }
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: address, exclusive: true }, () => {
      const bound = server.address();
      server.close(() => resolve(typeof bound === 'object' ? bound?.port : undefined));
    });
  });
}
