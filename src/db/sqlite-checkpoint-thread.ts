/** The thread of `Checkpoints`: one checkpoint for each message, answered with why it failed or with an empty text. */
import { parentPort, workerData } from 'node:worker_threads';
import { SqliteConnection } from './sqlite-connection.ts';

const connection = new SqliteConnection({ file: String(workerData), role: 'checkpoint' });

parentPort?.on('message', (wanted: 'checkpoint' | 'close') => {
  if (wanted === 'close') {
    connection.close();
    parentPort?.close();
    return;
  }
  let failure = '';
  try {
    // PASSIVE waits for nobody and nobody waits for it; what readers still need of the log stays for the next time.
    connection.get('PRAGMA wal_checkpoint(PASSIVE)');
  } catch (error) {
    // The reason that stays inside: what the seam says to clients tells an operator nothing.
    const reason = error instanceof Error ? (error.cause ?? error) : error;
    failure = reason instanceof Error ? reason.message : String(reason);
  }
  parentPort?.postMessage(failure);
});
