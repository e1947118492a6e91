/**
 * The thread of `points/issuing-threads.ts`: orders in, messages out. Reading and signing are synchronous here: there is
 * nothing else to do meanwhile, and no other thread to hand it to.
 */
import { sign } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import type { BlobStore } from './blob/blob-store.ts';
import { openFsBlobStore } from './blob/fs.ts';
import { MemoryBlobStore } from './blob/memory.ts';
import type { Signer } from './keys/signer.ts';
import { signerUnavailable } from './keys/unavailable.ts';
import { joinForTransfer } from './lib/segments.ts';
import { describeError } from './points/error-value.ts';
import { issueHere } from './points/issue.ts';
import type { FromThread, ToThread } from './points/issuing-threads.ts';

const blobs = await openBlobs(workerData as string | undefined);
const signers = new Map<number, Signer>();
let inHand = 0;
let closing = false;

/** Without a folder no order comes that needs one. */
async function openBlobs(folder: string | undefined): Promise<BlobStore> {
  return folder === undefined ? new MemoryBlobStore(() => 0) : openFsBlobStore({ folder, blocking: true });
}

parentPort?.on('message', (message: ToThread) => {
  if (message.kind === 'key') signers.set(message.id, createSigner(message));
  else if (message.kind === 'orders') void carryOut(message);
  else {
    closing = true;
    closeWhenDone();
  }
});

parentPort?.on('messageerror', (error) => {
  throw error; // whose order it was nobody knows: all in hand are answered by the end of this thread
});

function closeWhenDone(): void {
  if (closing && inHand === 0) parentPort?.close();
}

function createSigner({ key, chain }: Extract<ToThread, { kind: 'key' }>): Signer {
  return {
    chain,
    sign: async (tbs) => {
      try {
        return sign('sha256', tbs, key);
      } catch (error) {
        throw signerUnavailable(error);
      }
    },
  };
}

async function carryOut({ job, keyId, orders, at }: Extract<ToThread, { kind: 'orders' }>): Promise<void> {
  inHand += 1;
  try {
    const signer = signers.get(keyId);
    if (signer === undefined) throw new Error('an order came before its key');
    const transfer: ArrayBuffer[] = [];
    const issued = (await issueHere({ blobs, signer }, orders, at)).map((message) => ({
      ...message,
      segments: joinForTransfer(message.segments, transfer),
    }));
    answer({ job, issued }, transfer);
  } catch (error) {
    answer({ job, error: describeError(error) }, []);
  } finally {
    inHand -= 1;
    closeWhenDone();
  }
}

function answer(message: FromThread, transfer: ArrayBuffer[]): void {
  parentPort?.postMessage(message, transfer);
}
