/**
 * A POP3 server for tests: the real edge over the real store, rows and blobs in memory, two mailboxes and a login
 * that may only read. The clock stands still.
 */
import { createLoginGuard, type LoginGuard } from '../../src/edge/login-guard.ts';
import { createMaildrops, type Maildrops } from '../../src/mailbox/maildrop.ts';
import type { Pop3Limits } from '../../src/pop3/limits.ts';
import type { Pop3Log } from '../../src/pop3/log.ts';
import { createPop3Server, type Pop3Server } from '../../src/pop3/server.ts';
import { type EdgeStore, openEdgeStore, password, standingClock } from './edge-store.ts';

export { password } from './edge-store.ts';
export const addresses = ['mario.rossi@alfa.test', 'anna.bianchi@alfa.test'] as const;
/** Of Mario's mailbox; may read and no more. */
export const readerLogin = 'sola.lettura';

export interface Pop3TestServer extends Omit<EdgeStore, 'tls'> {
  readonly port: number;
  readonly server: Pop3Server;
  /** Puts a message into Mario's folder, byte for byte. */
  deliver(bytes: Uint8Array, folder?: string): Promise<number>;
  close(): Promise<void>;
}

export interface Pop3TestOptions {
  readonly mode?: 'pop3' | 'pop3s';
  readonly limits?: Partial<Pop3Limits>;
  readonly log?: Pop3Log;
  readonly guard?: LoginGuard;
  /** SCRAM is offered only when set. */
  readonly scramIterations?: number;
  /** Puts something between the edge and the maildrops, e.g. to make it fail. */
  readonly wrapMaildrops?: (maildrops: Maildrops) => Maildrops;
}

export async function startPop3Server(options: Pop3TestOptions = {}): Promise<Pop3TestServer> {
  const { scramIterations } = options;
  const { tls, ...parts } = await openEdgeStore({ addresses, scramIterations });
  const { db, store, accounts, mailboxIds } = parts;
  const rights = { read: true, write: false, send: false, manage: false };
  await accounts.addLogin(addresses[0], { name: readerLogin, password, rights });
  const maildrops = createMaildrops({ db, store, clock: standingClock });
  const server = createPop3Server({
    maildrops: options.wrapMaildrops?.(maildrops) ?? maildrops,
    accounts,
    guard: options.guard ?? createLoginGuard(standingClock, { delayMs: 0 }),
    tls,
    mode: options.mode ?? 'pop3s',
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.log === undefined ? {} : { log: options.log }),
  });
  const port = await server.listen(0, '127.0.0.1');
  const deliver = async (bytes: Uint8Array, name = 'INBOX') => {
    const folder = await store.findFolder(mailboxIds[0] as number, name);
    const content = await store.storeContent(
      (async function* () {
        yield bytes;
      })(),
    );
    const added = await store.append(folder?.id ?? 0, [
      { content, flags: [], internalDate: standingClock() },
    ]);
    return added.uids[0] as number;
  };
  const close = async () => {
    await server.close(0);
    await db.close();
  };
  return { ...parts, port, server, deliver, close };
}
