/**
 * GETQUOTA, GETQUOTAROOT (RFC 9208). Each mailbox has one quota root, named "", which covers all its folders.
 * Limits are set by the provider, not by IMAP.
 */
import { authenticated, type PlainCommand } from '../command.ts';
import { readMailbox } from '../folders.ts';
import { Refusal } from '../refusal.ts';
import type { Session } from '../session.ts';

async function writeQuota(session: Session, mailboxId: number, root: string): Promise<void> {
  const { usedBytes, limitBytes } = await session.store.quota(mailboxId);
  const [used, limit] = [usedBytes, limitBytes].map((bytes) => Math.ceil(bytes / 1024));
  session.untagged(`QUOTA ${root} (STORAGE ${used} ${limit})`);
}

export const getquota: PlainCommand = {
  name: 'GETQUOTA',
  states: authenticated,
  announcing: 'all',
  read: (args) => {
    args.space();
    const root = args.astring();
    args.end();
    return async (session) => {
      if (root !== '') throw new Refusal('NONEXISTENT', 'The only quota root is ""');
      await writeQuota(session, session.login.mailboxId, '""');
      return undefined;
    };
  },
};

export const getquotaroot: PlainCommand = {
  name: 'GETQUOTAROOT',
  states: authenticated,
  announcing: 'all',
  read: (args, session) => {
    args.space();
    const name = readMailbox(args, session);
    args.end();
    return async () => {
      // RFC 9208 §4.1.2: the folder need not exist.
      const folder = await session.store.findVisible(session.login, name);
      if (folder?.owner === undefined) {
        session.untagged(`QUOTAROOT ${session.formatMailbox(name)} ""`);
        await writeQuota(session, session.login.mailboxId, '""');
      } else {
        // What others' mailboxes hold is theirs to know.
        session.untagged(`QUOTAROOT ${session.formatMailbox(name)}`);
      }
      return undefined;
    };
  },
};
