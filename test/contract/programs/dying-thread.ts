/** A thread for issuing that dies of its first order, as one does that has no memory left. */
import { parentPort } from 'node:worker_threads';

parentPort?.on('message', ({ kind }: { kind: string }) => {
  if (kind === 'close') parentPort?.close();
  if (kind === 'orders') throw new Error('no memory left');
});
