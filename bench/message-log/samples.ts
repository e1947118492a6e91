/**
 * Messages that the provider really accepted and delivered, strewn among the made-up ones: with real signatures and
 * their originals in the store, so that their receipts can be written again.
 */
import { randomBytes } from 'node:crypto';
import { createAccounts } from '../../src/accounts/accounts.ts';
import { openFsBlobStore } from '../../src/blob/fs.ts';
import { MemoryBlobStore } from '../../src/blob/memory.ts';
import { collectSegments } from '../../src/blob/read-segments.ts';
import type { Database } from '../../src/db/database.ts';
import { sizeOf } from '../../src/lib/segments.ts';
import { searchEvents } from '../../src/message-log/search.ts';
import { createAccessPoint } from '../../src/points/access-point.ts';
import type { ReproducibleKind } from '../../src/points/issued-kinds.ts';
import type { PointParts } from '../../src/points/parts.ts';
import { reproduceReceipt } from '../../src/points/reproduction.ts';
import { keepChain } from '../../src/points/signing-chains.ts';
import { buildTestParts, deliverDue, submit, type TestPoints } from '../../test/support/point-parts.ts';
import { addTestMailbox, cheapHasher } from '../../test/support/store.ts';

export interface Sample {
  readonly identificativo: string;
  /** Bytes of the original. */
  readonly size: number;
}

export interface Samples {
  /** One message of so many bytes from a mailbox here to another, accepted and delivered now. */
  exchange(bytes: number): Promise<void>;
  list(): Promise<Sample[]>;
  /** A receipt of the sample written again, milliseconds. @throws {Error} when its bytes are not those issued. */
  reproduce(identificativo: string, kind: ReproducibleKind): Promise<number>;
  readonly parts: PointParts;
}

const sender = 'mario@alfa.test';
const recipient = 'anna@alfa.test';

export async function openSamples(db: Database, folder: string, time: { now: number }): Promise<Samples> {
  const clock = () => time.now;
  const blobs = await openFsBlobStore({ folder });
  const accounts = createAccounts({ db, clock, hasher: cheapHasher });
  const store = { file: '', db, blobs: new MemoryBlobStore(clock), time, clock, accounts };
  for (const address of [sender, recipient])
    if ((await accounts.findMailbox(address)) === undefined)
      await addTestMailbox(store, address, Number.MAX_SAFE_INTEGER);
  const parts = buildTestParts(store, { random: (length) => randomBytes(length), blobs });
  const points: TestPoints = { ...store, parts, accessPoint: createAccessPoint(parts) };
  await db.transact((tx) => keepChain(tx, parts.signer, clock()));
  return {
    parts,
    exchange: async (bytes) => {
      const body = randomBytes(bytes / 2)
        .toString('hex')
        .replace(/.{76}/g, '$&\r\n')
        .split('\r\n');
      await submit(points, { from: sender, to: [recipient], lines: ['', ...body] });
      await deliverDue(points);
    },
    list: async () => {
      const search = { sender, types: ['accepted'] } as const;
      const found = await db.read((tx) => searchEvents(tx, search, { limit: 1000 }));
      return found.flatMap(({ event }) =>
        event.type === 'accepted' ? [{ identificativo: event.facts.identificativo, size: event.size }] : [],
      );
    },
    reproduce: (identificativo, kind) => reproduce(parts, identificativo, kind),
  };
}

async function reproduce(parts: PointParts, identificativo: string, kind: ReproducibleKind): Promise<number> {
  const reproduction = { ...parts, signer: () => parts.signer, prove: async () => undefined };
  const began = performance.now();
  const request = { identificativo, kind, requestedBy: 'bench' };
  const { form, segments } = await reproduceReceipt(reproduction, request);
  await collectSegments(parts.blobs, segments, sizeOf(segments));
  if (form !== 'exact') throw new Error(`${identificativo} ${kind} came back as ${form}`);
  return performance.now() - began;
}
