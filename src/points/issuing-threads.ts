/**
 * Issuing on threads of their own: texts, hashes and signatures of a message cost more than all else that is done for it,
 * and the main thread has the rows and the connections. A thread that dies takes nothing along but what it had in
 * hand, which is answered as a key that is away: the client comes again, the recipient stays due.
 */
import type { KeyObject } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { Signer } from '../keys/signer.ts';
import { signerUnavailable } from '../keys/unavailable.ts';
import { joinForTransfer, type Segments } from '../lib/segments.ts';
import type { Instant } from '../lib/time.ts';
import { type ErrorValue, readError } from './error-value.ts';
import { type Issuing, needsBlobs, type Order, replaceOriginal } from './issue.ts';
import type { SealedMessage } from './seal.ts';

export interface IssuingThreadsOptions {
  /** How many; each keeps one processor busy. */
  readonly threads: number;
  /** The folder of the blob store; undefined when its bytes are not in files, and are to be hashed here. */
  readonly blobFolder: string | undefined;
  /** Hears why a thread died. */
  readonly onError: (error: unknown) => void;
  /** What the threads run; the program's own unless told. */
  readonly program?: URL;
}

export interface IssuingThreads extends Issuing {
  /** What is in hand is carried out first. */
  close(): Promise<void>;
}

/** What a thread is told. The key comes before the first order for it. */
export type ToThread =
  | {
      readonly kind: 'key';
      readonly id: number;
      readonly key: KeyObject;
      readonly chain: readonly Uint8Array[];
    }
  | {
      readonly kind: 'orders';
      readonly job: number;
      readonly keyId: number;
      readonly orders: readonly Order[];
      readonly at: Instant;
    }
  | { readonly kind: 'close' };

/** What it answers to orders. */
export type FromThread =
  | { readonly job: number; readonly issued: readonly SealedMessage[] }
  | { readonly job: number; readonly error: ErrorValue };

interface Job {
  readonly resolve: (issued: SealedMessage[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Nothing starts before the first order. */
export function openIssuingThreads(options: IssuingThreadsOptions): IssuingThreads {
  const keyIds = new WeakMap<Signer, number>();
  let lastKeyId = 0;
  let closed = false;
  const threads = Array.from({ length: options.threads }, () => new IssuingThread(options));

  function issue(signer: Signer, orders: readonly Order[], at: Instant) {
    const { key, chain } = signer;
    if (closed || key === undefined) return undefined;
    if (options.blobFolder === undefined && needsBlobs(orders)) return undefined;
    let id = keyIds.get(signer);
    if (id === undefined) {
      lastKeyId += 1;
      id = lastKeyId;
      keyIds.set(signer, id);
    }
    const [first, ...others] = threads;
    const idlest = others.reduce((best, each) => (each.inHand < (best?.inHand ?? 0) ? each : best), first);
    return idlest?.issue({ id, key, chain }, orders, at);
  }

  return {
    issue,
    close: async () => {
      closed = true;
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

type ThreadKey = Omit<Extract<ToThread, { kind: 'key' }>, 'kind'>;

class IssuingThread {
  readonly #options: IssuingThreadsOptions;
  readonly #jobs = new Map<number, Job>();
  readonly #knownKeys = new Set<number>();
  #worker: Worker | undefined;
  #lastJob = 0;

  constructor(options: IssuingThreadsOptions) {
    this.#options = options;
  }

  /** Orders under way. */
  get inHand(): number {
    return this.#jobs.size;
  }

  issue(key: ThreadKey, orders: readonly Order[], at: Instant): Promise<SealedMessage[]> {
    const worker = this.#worker ?? this.#start();
    if (!this.#knownKeys.has(key.id)) {
      this.#knownKeys.add(key.id);
      tell(worker, { kind: 'key', ...key });
    }
    this.#lastJob += 1;
    const job = this.#lastJob;
    return new Promise((resolve, reject) => {
      const { packed, transfer } = packOrders(orders);
      tell(worker, { kind: 'orders', job, keyId: key.id, orders: packed, at }, transfer);
      // Only while somebody waits does the thread keep the process alive.
      if (this.#jobs.size === 0) worker.ref();
      this.#jobs.set(job, { resolve, reject });
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    const gone = new Promise((resolve) => worker.once('exit', resolve));
    worker.ref();
    tell(worker, { kind: 'close' });
    await gone;
  }

  #start(): Worker {
    const worker = new Worker(this.#options.program ?? new URL('../issuing-thread.ts', import.meta.url), {
      workerData: this.#options.blobFolder,
      name: 'issuing',
    });
    this.#worker = worker;
    worker.unref();
    worker.on('message', (answer: FromThread) => this.#settle(worker, answer));
    worker.on('error', (error) => this.#options.onError(error));
    // An answer that cannot be read: whose it was nobody knows, so all are asked for again.
    worker.on('messageerror', (error) => {
      this.#options.onError(error);
      void worker.terminate();
    });
    worker.on('exit', () => {
      // The next order begins another.
      this.#worker = undefined;
      this.#knownKeys.clear();
      for (const { reject } of this.#jobs.values())
        reject(signerUnavailable(new Error('the thread that issues messages ended')));
      this.#jobs.clear();
    });
    return worker;
  }

  #settle(worker: Worker, answer: FromThread): void {
    const job = this.#jobs.get(answer.job);
    this.#jobs.delete(answer.job);
    if (this.#jobs.size === 0) worker.unref();
    if ('error' in answer) job?.reject(readError(answer.error));
    else job?.resolve([...answer.issued]);
  }
}

function tell(worker: Worker, message: ToThread, transfer: ArrayBuffer[] = []): void {
  worker.postMessage(message, transfer);
}

/** Bytes of originals are mostly small pieces of large buffers, which would be copied as a whole with each order. */
function packOrders(orders: readonly Order[]) {
  const transfer: ArrayBuffer[] = [];
  const pack = (segments: Segments) => joinForTransfer(segments, transfer);
  return { packed: orders.map((order) => replaceOriginal(order, pack)), transfer };
}
