/** Where a search looks: the selected folder of a session, or another folder as it is at this moment (RFC 7377). */
import type { VisibleFolder } from '../../mailbox/mail-store.ts';
import type { Session } from '../session.ts';
import { FolderView } from '../view.ts';

/** What a search uses of a session; a session with a selected folder is one. */
export type SearchScope = Pick<Session, 'store' | 'view' | 'clock' | 'savedSearch' | 'has'> & {
  readonly out: Pick<Session['out'], 'assertOpen'>;
};

/** A folder the session has not selected. Nothing of the session changes, and nothing of the folder. */
export async function lookInto(session: Session, folder: VisibleFolder): Promise<SearchScope> {
  const { store, clock, out } = session;
  const snapshot = await store.snapshot(folder.id);
  const firstRecent = await store.firstRecent(folder.id, false);
  const view = new FolderView({ folder, ...snapshot, readOnly: true, firstRecent });
  return { store, view, clock, out, savedSearch: [], has: (extension) => session.has(extension) };
}
