/** All names LIST can speak of: folders, levels that only lead to folders, subscriptions to what is gone. */
import type { VisibleFolder } from '../mailbox/mail-store.ts';
import type { Session } from './session.ts';

export interface FolderEntry {
  readonly name: string;
  /** Undefined for a name no folder has. */
  readonly folder: VisibleFolder | undefined;
  readonly subscribed: boolean;
  readonly hasChildren: boolean;
}

/** In the order of their names, INBOX first. */
export async function loadFolderTree(session: Session): Promise<FolderEntry[]> {
  const [folders, subscriptions] = await Promise.all([
    session.store.listVisible(session.login),
    session.store.listSubscriptions(session.login.mailboxId),
  ]);
  return buildFolderTree(folders, subscriptions);
}

export function buildFolderTree(
  folders: readonly VisibleFolder[],
  subscriptions: readonly string[],
): FolderEntry[] {
  const byName = new Map(folders.map((folder) => [folder.name, folder]));
  const subscribed = new Set(subscriptions);
  const parents = new Set(folders.flatMap((folder) => parentsOf(folder.name)));
  const above = subscriptions.flatMap(parentsOf);
  const names = [...new Set([...byName.keys(), ...parents, ...subscribed, ...above])].sort(compareNames);
  return names.map((name) => ({
    name,
    folder: byName.get(name),
    subscribed: subscribed.has(name),
    hasChildren: parents.has(name),
  }));
}

/** `a/b/c` → `a`, `a/b`. */
export function parentsOf(name: string): string[] {
  const levels = name.split('/');
  return levels.slice(1).map((_, index) => levels.slice(0, index + 1).join('/'));
}

function compareNames(a: string, b: string): number {
  if (a === 'INBOX' || b === 'INBOX') return a === b ? 0 : a === 'INBOX' ? -1 : 1;
  return a < b ? -1 : 1;
}
