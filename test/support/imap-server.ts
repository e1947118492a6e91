/**
 * An IMAP server for tests: the real edge over the real store, blobs in memory, three mailboxes.
 * The clock stands still, so that dates in answers are always the same.
 */
import { createLoginGuard, type LoginGuard } from '../../src/edge/login-guard.ts';
import type { ImapLimits } from '../../src/imap/limits.ts';
import type { ImapLog } from '../../src/imap/log.ts';
import { createImapServer, type ImapServer } from '../../src/imap/server.ts';
import type { MailStore } from '../../src/mailbox/mail-store.ts';
import { type EdgeStore, openEdgeStore, standingClock } from './edge-store.ts';

export { password, standingClock } from './edge-store.ts';

/** `anna` is small, so that quota can be met. */
export const addresses = ['mario.rossi@alfa.test', 'anna.bianchi@alfa.test', 'protocollo@alfa.test'] as const;

export interface ImapTestServer extends Omit<EdgeStore, 'tls'> {
  readonly port: number;
  readonly server: ImapServer;
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

const quickLimits: Partial<ImapLimits> = { messageBytes: 16 * 1024 * 1024 };

export async function startImapServer(options: ImapTestOptions = {}): Promise<ImapTestServer> {
  const { scramIterations } = options;
  const { tls, ...parts } = await openEdgeStore({ addresses, scramIterations });
  const server = createImapServer({
    store: options.wrapStore?.(parts.store) ?? parts.store,
    accounts: parts.accounts,
    tls,
    mode: options.mode ?? 'imaps',
    limits: { ...quickLimits, ...options.limits },
    clock: standingClock,
    guard: options.guard ?? createLoginGuard(standingClock, { delayMs: 0 }),
    ...(options.log === undefined ? {} : { log: options.log }),
  });
  const port = await server.listen(0, '127.0.0.1');
  const close = async () => {
    await server.close(0);
    await parts.db.close();
  };
  return { ...parts, port, server, close };
}
