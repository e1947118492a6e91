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
import { createAccessPoint } from '../../src/points/access-point.ts';
import type { ReproducibleKind } from '../../src/points/issued-kinds.ts';
import type { PointParts } from '../../src/points/parts.ts';
import { reproduceReceipt } from '../../src/points/reproduction.ts';
import { keepChain } from '../../src/points/signing-chains.ts';
import { buildTestParts, deliverDue, submit, type TestPoints } from '../../test/support/point-parts.ts';
import { addTestMailbox, cheapHasher } from '../../test/support/store.ts';

export interface Samples {
  /** One message of so many bytes from a mailbox here to another, accepted and delivered now. */
  exchange(bytes: number): Promise<void>;
  /** A receipt or envelope of the sample written again, milliseconds. */
  reproduce(sample: number, kind: ReproducibleKind): Promise<number>;
  readonly count: number;
  readonly parts: PointParts;
}

export async function openSamples(db: Database, folder: string, time: { now: number }): Promise<Samples> {
  const clock = () => time.now;
  const blobs = await openFsBlobStore({ folder });
  const accounts = createAccounts({ db, clock, hasher: cheapHasher });
  const store = { file: '', db, blobs: new MemoryBlobStore(clock), time, clock, accounts };
  for (const name of ['mario', 'anna'])
    await addTestMailbox(store, `${name}@alfa.test`, Number.MAX_SAFE_INTEGER);
  const parts = buildTestParts(store, { random: (length) => randomBytes(length), blobs });
  const points: TestPoints = { ...store, parts, accessPoint: createAccessPoint(parts) };
  await db.transact((tx) => keepChain(tx, parts.signer, clock()));
  const issued: string[] = [];
  return {
    parts,
    get count() {
      return issued.length;
    },
    async exchange(bytes) {
      const body = randomBytes(bytes / 2)
        .toString('hex')
        .replace(/.{76}/g, '$&\r\n')
        .split('\r\n');
      const { identificativo } = await submit(points, { to: ['anna@alfa.test'], lines: ['', ...body] });
      await deliverDue(points);
      issued.push(identificativo);
    },
    async reproduce(sample, kind) {
      const identificativo = issued[sample % issued.length] ?? '';
      const began = performance.now();
      const { form, segments } = await reproduceReceipt(
        { ...parts, signer: () => parts.signer, prove: async () => undefined },
        {
          identificativo,
          kind,
          requestedBy: 'bench',
        },
      );
      await collectSegments(blobs, segments, sizeOf(segments));
      if (form !== 'exact') throw new Error(`${identificativo} ${kind} came back as ${form}`);
      return performance.now() - began;
    },
  };
}
