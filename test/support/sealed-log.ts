/** A message log with everything that seals it: a store in a folder, a key, an authority that can go away. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Database } from '../../src/db/database.ts';
import { createFailingSigner } from '../../src/keys/fail.ts';
import { createPemSigner } from '../../src/keys/pem.ts';
import { appendEvent } from '../../src/message-log/append.ts';
import { createSealer, type SealEvent } from '../../src/message-log/seal/sealer.ts';
import { openSegmentFolder } from '../../src/message-log/seal/segment-folder.ts';
import { createFailingAuthority } from '../../src/tsa/fail.ts';
import { provider } from '../unit/pki/authority.ts';
import { openAuthority } from '../unit/tsa/stamper.ts';
import { makeFolder } from './folder.ts';
import { openFreshDatabase } from './fresh-database.ts';
import { makeLocalMessage } from './log-events.ts';

/** 2026-11-10, 10:30 in Rome. */
export const firstDay = Date.UTC(2026, 10, 10, 9, 30);
export const dayMs = 86_400_000;
export const providerNames = { name: 'Gestore Alfa S.p.A.', domain: 'alfa.test' };

export interface SealedLogOptions {
  readonly authorities?: readonly string[];
  readonly leastStamps?: number;
  /** An existing data folder. */
  readonly folder?: string;
}

export function openSealedLog(t: TestContext, options: SealedLogOptions = {}) {
  const folder = options.folder ?? makeFolder(t);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'pec.db');
  const db = openFreshDatabase({ file, readers: 2 });
  t.after(() => db.close());
  const time = { now: firstDay };
  const clock = () => time.now;
  const archive = openSegmentFolder(join(folder, 'log-segments'));
  const signer = createFailingSigner(createPemSigner(provider));
  const authorities = (options.authorities ?? ['prova']).map((name) =>
    createFailingAuthority(openAuthority(name, clock)),
  );
  const events: SealEvent[] = [];
  const sealerOf = (owner: string, database: Database = db) =>
    createSealer({
      db: database,
      archive,
      signer: () => signer,
      authorities,
      leastStamps: options.leastStamps ?? 1,
      provider: providerNames,
      indexOn: async (day) => ({ day, sha256: 'ab'.repeat(32) }),
      clock,
      owner,
      onEvent: (event) => events.push(event),
    });
  return {
    folder,
    file,
    db,
    time,
    clock,
    archive,
    signer,
    authorities,
    events,
    sealerOf,
    sealer: sealerOf('one'),
  };
}

export type SealedLog = ReturnType<typeof openSealedLog>;

/** Three entries for each message, a second apart from `at` on; names go on counting over calls. */
export async function writeMessages(
  { db }: Pick<SealedLog, 'db'>,
  { at, count, node = 'n1', name = 'm' }: { at: number; count: number; node?: string; name?: string },
): Promise<void> {
  await db.transact(async (tx) => {
    for (let index = 0; index < count; index += 1)
      for (const event of makeLocalMessage(`${name}${at}x${index}`, at + index * 1000))
        await appendEvent(tx, event, node);
  });
}

/** So many legal days, each with messages, sealed one by one. */
export async function sealDays(log: SealedLog, days: number, messages = 3): Promise<void> {
  for (let day = 0; day < days; day += 1) {
    await writeMessages(log, { at: firstDay + day * dayMs, count: messages });
    log.time.now = firstDay + (day + 1) * dayMs;
    await log.sealer.seal();
  }
}
