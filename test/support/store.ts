/** Rows and bytes for a test: the program's whole schema in a file of its own, blobs in memory, a clock to set. */
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createAccounts } from '../../src/accounts/accounts.ts';
import { insertMailbox, type Mailbox } from '../../src/accounts/mailboxes.ts';
import { createPasswordHasher } from '../../src/accounts/password.ts';
import { MemoryBlobStore } from '../../src/blob/memory.ts';
import { makeFolder } from './folder.ts';
import { openFreshDatabase } from './fresh-database.ts';

/** 2026-01-15T10:00:00Z. */
export const testEpoch = Date.UTC(2026, 0, 15, 10);

/** Passwords hashed so cheaply are for tests only. */
export const cheapHasher = createPasswordHasher({ parameters: { memory: 8, passes: 1, parallelism: 1 } });

export function openStore(t: TestContext) {
  const folder = makeFolder(t);
  const file = join(folder, 'store.db');
  const db = openFreshDatabase({ file, readers: 2, pollMs: 10 });
  t.after(() => db.close());
  const time = { now: testEpoch };
  const clock = () => time.now;
  const blobs = new MemoryBlobStore(clock);
  const accounts = createAccounts({ db, clock, hasher: cheapHasher });
  return { file, db, blobs, time, clock, accounts };
}

export type TestStore = ReturnType<typeof openStore>;

/** A mailbox without a login; its domain is made when missing. */
export async function addTestMailbox(
  { db, accounts, clock }: TestStore,
  address: string,
  quotaBytes = 1_000_000,
): Promise<Mailbox> {
  const domain = address.slice(address.indexOf('@') + 1);
  if ((await accounts.findDomain(domain)) === undefined) await accounts.addDomain(domain);
  return db.transact((tx) => insertMailbox(tx, { address, quotaBytes }, clock()));
}
