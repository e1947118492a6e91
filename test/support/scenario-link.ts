/**
 * A stretch of network between a provider and the others: a TCP port that passes bytes on to wherever the server
 * is now, and that can be cut, closed and opened. Servers may come back on another port, the way to them stays.
 */
import net from 'node:net';

export interface Link {
  readonly port: number;
  /** Connections passed on so far. */
  readonly passed: number;
  /** Where the server listens; undefined while there is none. */
  aim(port: number | undefined): void;
  /** Breaks every connection that is open. */
  cut(): void;
  /** While shut, connections are refused at once. */
  shut(isShut: boolean): void;
  /** While stalled, new connections are taken and nothing passes; they go on when it ends. */
  stall(isStalled: boolean): void;
  close(): Promise<void>;
}

export async function openLink(): Promise<Link> {
  const sockets = new Set<net.Socket>();
  let target: number | undefined;
  let isShut = false;
  let isStalled = false;
  const stalled = new Set<net.Socket>();
  let passed = 0;
  const keep = (socket: net.Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    return socket;
  };
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const server = net.createServer({ noDelay: true }, (near) => {
    keep(near);
    if (isStalled) stalled.add(near);
    else pass(near);
  });
  const pass = (near: net.Socket) => {
    if (target === undefined || isShut || near.destroyed) {
      near.resetAndDestroy();
      return;
    }
    passed++;
    const far = keep(net.connect({ port: target, host: '127.0.0.1', noDelay: true }));
    near.pipe(far);
    far.pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  };
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as net.AddressInfo).port,
    get passed() {
      return passed;
    },
    aim: (port) => {
      target = port;
    },
    cut,
    shut: (value) => {
      isShut = value;
    },
    stall: (value) => {
      isStalled = value;
      if (value) return;
      for (const near of stalled) pass(near);
      stalled.clear();
    },
    close: () => {
      cut();
      return new Promise((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}
