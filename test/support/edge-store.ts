/** What the servers of the tests stand on: the real store and accounts, blobs in memory, a clock that stands still. */
import { createSecureContext, type SecureContext } from 'node:tls';
import { type Accounts, createAccounts } from '../../src/accounts/accounts.ts';
import { MemoryBlobStore } from '../../src/blob/memory.ts';
import type { Database } from '../../src/db/database.ts';
import type { MailStore } from '../../src/mailbox/mail-store.ts';
import { createMailStore } from '../../src/mailbox/store.ts';
import { openUnnamedDatabase } from './fresh-database.ts';
import { testAuthority } from './test-tls.ts';

export const password = 'segreta 1';
export const standingClock = () => Date.UTC(2026, 10, 22, 9, 30, 0);

export interface EdgeStore {
  /** PEM of the certificate that signed the server's. */
  readonly ca: string;
  readonly tls: () => SecureContext;
  readonly store: MailStore;
  readonly accounts: Accounts;
  readonly db: Database;
  readonly blobs: MemoryBlobStore;
  /** In the order of their addresses. */
  readonly mailboxIds: readonly number[];
}

export interface EdgeStoreOptions {
  readonly addresses: readonly string[];
  /** SCRAM is offered only when set. */
  readonly scramIterations?: number | undefined;
}

const plainHasher = {
  hash: async (secret: string) => `plain:${secret}`,
  verify: async (stored: string, secret: string) =>
    (stored === `plain:${secret}` ? 'yes' : 'no') as 'yes' | 'no',
};

/** `anna`'s mailbox is small, so that quota can be met. */
export async function openEdgeStore({ addresses, scramIterations }: EdgeStoreOptions): Promise<EdgeStore> {
  const db = openUnnamedDatabase();
  const blobs = new MemoryBlobStore(standingClock);
  const scram = scramIterations === undefined ? {} : { scramIterations };
  const accounts = createAccounts({ db, clock: standingClock, hasher: plainHasher, ...scram });
  await accounts.addDomain('alfa.test');
  const mailboxIds: number[] = [];
  for (const address of addresses) {
    const quotaBytes = address.startsWith('anna') ? 20_480 : 1_073_741_824;
    mailboxIds.push((await accounts.addMailbox({ address, password, quotaBytes })).id);
  }
  const store = createMailStore({ db, blobs, clock: standingClock });
  const authority = testAuthority();
  const context = createSecureContext(authority.issue(['DNS:localhost', 'IP:127.0.0.1']));
  return { ca: authority.cert, tls: () => context, store, accounts, db, blobs, mailboxIds };
}
