/** What holders do with their mailboxes while mail comes in, and what a provider does with a mailbox. */
import { MailError } from '../src/lib/mail-error.ts';
import type { UidRanges } from '../src/mailbox/mail-store.ts';
import type { HolderAct } from './plan.ts';
import type { Serving } from './provider.ts';
import type { World } from './world.ts';

const all: UidRanges = [[1, Number.POSITIVE_INFINITY]];

/** Begins the act in the process that serves, if there is one. */
export function actAsHolder(world: World, act: HolderAct): void {
  const provider = world.providerOf(act.mailbox);
  const serving = provider?.serving;
  if (provider === undefined || serving === undefined) return;
  world.scheduler.after(1, serving.life, `holder ${act.act}`, () => {
    perform(serving, act).catch((error: unknown) => {
      if (!(error instanceof MailError)) world.report(provider, `unexpected error: ${error}`);
    });
  });
}

async function perform({ accounts, mail }: Serving, { act, mailbox: address }: HolderAct): Promise<void> {
  const mailbox = await accounts.findMailbox(address);
  if (mailbox === undefined) return;
  if (act === 'remove') return void (await accounts.removeMailbox(address));
  if (act === 'shrink') return void (await accounts.setMailbox(address, { quotaBytes: 20_000 }));
  const folders = await mail.listFolders(mailbox.id);
  const inbox = folders.find(({ name }) => name === 'INBOX');
  const trash = folders.find(({ specialUse }) => specialUse === '\\Trash');
  if (inbox === undefined || trash === undefined) return;
  // Every second one: the others must stay as they are.
  const uids = (await mail.uids(inbox.id)).filter((uid) => uid % 2 === 0);
  const some: UidRanges = uids.map((uid) => [uid, uid] as const);
  switch (act) {
    case 'flag':
      await mail.storeFlags(inbox.id, some, { operation: 'add', flags: ['\\Seen', 'Letto'] });
      return;
    case 'copy':
      await mail.copy(inbox.id, some, trash.id);
      return;
    case 'move':
      await mail.move(inbox.id, some, trash.id);
      return;
    case 'expunge':
      await mail.storeFlags(trash.id, all, { operation: 'add', flags: ['\\Deleted'] });
      await mail.expunge(trash.id);
      return;
  }
}
