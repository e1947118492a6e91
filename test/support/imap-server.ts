/**
 * An IMAP server for tests: the real edge over the real store, rows and blobs in memory, three mailboxes.
 * The clock stands still, so that dates in answers are always the same.
 */
import { createSecureContext } from 'node:tls';
import { type Accounts, createAccounts } from '../../src/accounts/accounts.ts';
import { MemoryBlobStore } from '../../src/blob/memory.ts';
import type { Database } from '../../src/db/database.ts';
import { openSqlite } from '../../src/db/sqlite.ts';
import { createLoginGuard, type LoginGuard } from '../../src/edge/login-guard.ts';
import type { ImapLimits } from '../../src/imap/limits.ts';
import type { ImapLog } from '../../src/imap/log.ts';
import { createImapServer, type ImapServer } from '../../src/imap/server.ts';
import type { MailStore } from '../../src/mailbox/mail-store.ts';
import { createMailStore } from '../../src/mailbox/store.ts';
import { testAuthority } from './test-tls.ts';

export const password = 'segreta 1';
/** `anna` is small, so that quota can be met. */
export const addresses = ['mario.rossi@alfa.test', 'anna.bianchi@alfa.test', 'protocollo@alfa.test'] as const;
export const standingClock = () => Date.UTC(2026, 10, 22, 9, 30, 0);

export interface ImapTestServer {
  readonly port: number;
  /** PEM of the certificate that signed the server's. */
  readonly ca: string;
  readonly server: ImapServer;
  readonly store: MailStore;
  readonly accounts: Accounts;
  readonly db: Database;
  readonly blobs: MemoryBlobStore;
  /** Of {@link addresses}, in order. */
  readonly mailboxIds: readonly number[];
  close(): Promise<void>;
}

export interface ImapTestOptions {
  readonly mode?: 'imap' | 'imaps';
  readonly limits?: Partial<ImapLimits>;
  readonly log?: ImapLog;
  readonly guard?: LoginGuard;
  /** SCRAM is offered only when set. */
  readonly scramIterations?: number;
  /** Puts something between the edge and the store, e.g. to make it fail. */
  readonly wrapStore?: (store: MailStore) => MailStore;
}

const plainHasher = {
  hash: async (secret: string) => `plain:${secret}`,
  verify: async (stored: string, secret: string) =>
    (stored === `plain:${secret}` ? 'yes' : 'no') as 'yes' | 'no',
};

const quickLimits: Partial<ImapLimits> = { messageBytes: 16 * 1024 * 1024 };

export async function startImapServer(options: ImapTestOptions = {}): Promise<ImapTestServer> {
  const db = openSqlite({ file: ':memory:' });
  const blobs = new MemoryBlobStore(standingClock);
  const { scramIterations } = options;
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
  const server = createImapServer({
    store: options.wrapStore?.(store) ?? store,
    accounts,
    tls: () => context,
    mode: options.mode ?? 'imaps',
    limits: { ...quickLimits, ...options.limits },
    clock: standingClock,
    guard: options.guard ?? createLoginGuard(standingClock, { delayMs: 0 }),
    ...(options.log === undefined ? {} : { log: options.log }),
  });
  const port = await server.listen(0, '127.0.0.1');
  const close = async () => {
    await server.close(0);
    await db.close();
  };
  return { port, ca: authority.cert, server, store, accounts, db, blobs, mailboxIds, close };
}
