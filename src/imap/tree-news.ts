/** News of the list of folders (RFC 5465 §5.4, §5.5): what was made, removed, renamed, subscribed. */
import type { VisibleFolder } from '../mailbox/mail-store.ts';
import { parentsOf } from './folder-tree.ts';
import type { Session } from './session.ts';
import type { EventName } from './wire/notify-request.ts';

export interface TreeChange {
  readonly before: readonly VisibleFolder[];
  readonly now: readonly VisibleFolder[];
  /** Whether the client asked for such events of the folder. */
  readonly wants: (folder: VisibleFolder, event: EventName) => boolean;
}

/** What this session did itself it knows (§5). */
export function tellTreeChanges(session: Session, { before, now, wants }: TreeChange): void {
  const old = new Map(before.map((folder) => [folder.id, folder]));
  const present = new Set(now.map(({ id }) => id));
  const parents = new Set(now.flatMap(({ name }) => parentsOf(name)));
  const tell = (folder: VisibleFolder, extra = '') => {
    const attributes = [parents.has(folder.name) ? '\\HasChildren' : '\\HasNoChildren'];
    if (folder.subscribed) attributes.push('\\Subscribed');
    session.untagged(`LIST (${attributes.join(' ')}) "/" ${session.formatMailbox(folder.name)}${extra}`);
  };
  for (const folder of before) {
    if (present.has(folder.id) || !wants(folder, 'MailboxName') || session.forgetOwn(folder.name)) continue;
    session.untagged(`LIST (\\NonExistent) "/" ${session.formatMailbox(folder.name)}`);
  }
  const renamed = now.filter((folder) => (old.get(folder.id)?.name ?? folder.name) !== folder.name);
  const moved = new Map(renamed.map((folder) => [folder.name, old.get(folder.id)?.name ?? '']));
  for (const folder of now) {
    const previous = old.get(folder.id);
    const asked = wants(folder, 'MailboxName');
    if (previous === undefined) {
      if (!asked || session.forgetOwn(folder.name)) continue;
      tell(folder);
    } else if (previous.name !== folder.name) {
      if (!asked || isCarried(folder.name, previous.name, moved) || session.forgetOwn(folder.name)) continue;
      tell(folder, ` ("OLDNAME" (${session.formatMailbox(previous.name)}))`);
    } else if (previous.subscribed !== folder.subscribed && wants(folder, 'SubscriptionChange')) {
      if (!session.forgetOwn(folder.name)) tell(folder);
    }
  }
}

/** True for a folder that only went along with one above it (§5.4). */
function isCarried(name: string, oldName: string, moved: ReadonlyMap<string, string>): boolean {
  return parentsOf(name).some((parent) => {
    const from = moved.get(parent);
    return from !== undefined && `${from}${name.slice(parent.length)}` === oldName;
  });
}
