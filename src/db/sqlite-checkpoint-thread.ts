/** The thread of `Checkpoints`: one checkpoint for each message, answered with why it failed or with an empty text. */
import { parentPort, workerData } from 'node:worker_threads';
import { SqliteConnection } from './sqlite-connection.ts';

/** `copy`: pages into the file; `empty`: that, and the log is cut to nothing when nobody needs it any more. */
export type CheckpointWanted = 'copy' | 'empty';

const connection = new SqliteConnection({ file: String(workerData), role: 'checkpoint' });

function checkpoint(wanted: CheckpointWanted): void {
  // PASSIVE waits for nobody and nobody waits for it; what readers still need of the log stays for the next time.
  connection.get('PRAGMA wal_checkpoint(PASSIVE)');
  // This one holds the write lock, for what has come since: next to nothing. It waits for no reader and no writer
  // (`busy_timeout` is 0), and does nothing to the log while there is one who reads from it.
  if (wanted === 'empty') connection.get('PRAGMA wal_checkpoint(TRUNCATE)');
}

parentPort?.on('message', (wanted: CheckpointWanted | 'close') => {
  if (wanted === 'close') {
    connection.close();
    parentPort?.close();
    return;
  }
  let failure = '';
  try {
    checkpoint(wanted);
  } catch (error) {
    // The reason that stays inside: what the seam says to clients tells an operator nothing.
    const reason = error instanceof Error ? (error.cause ?? error) : error;
    failure = reason instanceof Error ? reason.message : String(reason);
  }
  parentPort?.postMessage(failure);
});
